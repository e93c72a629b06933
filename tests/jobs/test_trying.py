"""A handler that fails is tried again, and what it knows stays with it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from headrace.jobs import trying
from tests.jobs.running import enqueue, everything, launched, states, until


async def test_a_failing_handler_is_tried_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "PAUSES", (0.01, 0.01))
    tries: list[str] = []

    async def fail_twice(subject: str) -> None:
        tries.append(subject)
        if len(tries) == 1:
            raise ConnectionError
        if len(tries) == 2:
            raise asyncio.CancelledError  # not ours: of something that it waited for

    async with launched(url, {"work": fail_twice}) as durable:
        await enqueue(durable, "work", "one")
        await until(lambda: states(url) == {"one": ["SUCCESS"]})
    assert tries == ["one"] * 3


async def test_neither_logs_nor_database_know_what_a_handler_knows(
    url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(trying, "PAUSES", (0.01,))
    people = {"id_1": "canary.person@example.com"}
    held: list[str] = []

    async def fail(subject: str) -> None:
        held.append(people[subject])
        raise ValueError(f"no mailbox for {people[subject]}")

    with capture_logs() as lines:
        async with launched(url, {"work": fail}) as durable:
            await enqueue(durable, "work", "id_1")
            await until(lambda: states(url) == {"id_1": ["ERROR"]})
    assert len(held) == 2
    given_up = [line for line in lines if line["event"] == "job_given_up"]
    assert [(line["job"], line["subject"], line["error"]) for line in given_up] == [
        ("work", "id_1", "ValueError")
    ]
    assert given_up[0]["place"].startswith(f"{__name__}:")
    kept = everything(url)
    assert "id_1" in kept
    assert "ValueError" in kept
    assert "canary" not in kept + repr(lines)
    assert capfd.readouterr() == ("", "")


async def test_a_job_that_was_given_up_can_be_enqueued_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "PAUSES", ())
    broken = True

    async def work(subject: str) -> None:
        if broken:
            raise ValueError

    async with launched(url, {"work": work}) as durable:
        await enqueue(durable, "work", "one")
        await until(lambda: states(url) == {"one": ["ERROR"]})
        broken = False
        await enqueue(durable, "work", "one")
        await until(lambda: states(url) == {"one": ["ERROR", "SUCCESS"]})
