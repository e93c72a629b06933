"""A key never stays taken: whatever the database does, the same request can be sent again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from headrace.api import turns
from headrace.api.turns import Turns
from headrace.domain.errors import Problem
from headrace.ports import Claim, Idempotency
from headrace.storage.opening import Storage
from tests.storage import making
from tests.storage.backends import SqliteBackend

CLAIM = Claim("caller path key", "what was asked")
PATIENCE = 30.0
"""Seconds; longer than any machine stands still."""


class Flaky:
    """The keys, in a database that is away for the next calls named in `failures`. Of those in `unheard`, the
    write is made nevertheless."""

    def __init__(self, storage: Storage) -> None:
        self._idempotency = storage.idempotency
        self.failures: dict[str, int] = {}
        self.unheard: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._idempotency, name)

        async def perhaps(*arguments: Any) -> Any:
            if not self.failures.get(name):
                return await call(*arguments)
            self.failures[name] -= 1
            if name in self.unheard:
                await call(*arguments)
            raise Problem("storage_unavailable", retry_after=1)

        return perhaps


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    opened = SqliteBackend(tmp_path).open()
    yield opened
    opened.close()


@pytest.fixture
def another(storage: Storage, tmp_path: Path) -> Iterator[Storage]:
    """The same database, as another process sees it."""
    opened = SqliteBackend(tmp_path).open()
    yield opened
    opened.close()


@pytest.fixture
def flaky(storage: Storage) -> Flaky:
    return Flaky(storage)


@pytest.fixture
def one(flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> Turns:
    monkeypatch.setattr(turns, "_WRITE_AGAIN", 0.01)
    return Turns(cast(Idempotency, flaky), PATIENCE)


class Work:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.done = 0

    async def __call__(self) -> tuple[int, bytes]:
        self.done += 1
        return 201, b"%d" % self.done


async def away(one: Turns, work: Work) -> None:
    with pytest.raises(Problem, match="storage_unavailable"):
        await one.alone(CLAIM, work)


async def answered(one: Turns, work: Work) -> tuple[int, bytes]:
    """The answer, once the database is back."""
    answers: list[tuple[int, bytes]] = []

    async def ask() -> bool:
        try:
            reply = await one.alone(CLAIM, work)
        except Problem as problem:
            if problem.code != "storage_unavailable":
                raise
            return False
        answers.append((reply.status, reply.body))
        return True

    await making.until(ask)
    return answers[0]


@pytest.mark.parametrize("unheard", [False, True])
async def test_a_key_that_was_taken_unheard_is_let_go(one: Turns, flaky: Flaky, unheard: bool) -> None:
    work = Work()
    flaky.failures = {"begin": 1, "free": 3}
    flaky.unheard = {"begin"} if unheard else set()
    await away(one, work)
    assert await answered(one, work) == (201, b"1")
    assert flaky.failures["free"] == 0
    assert await answered(one, work) == (201, b"1")


async def test_an_answer_that_could_not_be_kept_is_kept_later_and_the_work_not_done_again(
    one: Turns, flaky: Flaky
) -> None:
    work = Work()
    flaky.failures = {"end": 3}
    await away(one, work)
    assert await answered(one, work) == (201, b"1")
    assert (work.done, flaky.failures["end"]) == (1, 0)


async def test_work_that_fails_while_the_database_is_away_can_be_done_again(one: Turns, flaky: Flaky) -> None:
    async def refuse() -> tuple[int, bytes]:
        raise Problem("bad_request", detail="no")

    flaky.failures = {"free": 2}
    with pytest.raises(Problem):
        await one.alone(CLAIM, refuse)
    assert await answered(one, Work()) == (201, b"1")


async def test_work_that_is_broken_off_leaves_the_key_free(one: Turns) -> None:
    async def hang() -> tuple[int, bytes]:
        await asyncio.Event().wait()
        raise AssertionError

    hanging = asyncio.create_task(one.alone(CLAIM, hang))
    await asyncio.sleep(0)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await answered(one, Work()) == (201, b"1")


async def test_a_request_that_is_carried_out_elsewhere_is_waited_for(
    one: Turns, storage: Storage, another: Storage
) -> None:
    elsewhere, release = Turns(another.idempotency, PATIENCE), asyncio.Event()

    async def slow() -> tuple[int, bytes]:
        await release.wait()
        return 200, b"theirs"

    work = Work()
    first = asyncio.create_task(elsewhere.alone(CLAIM, slow))
    await making.until(lambda: taken(storage))
    second = asyncio.create_task(one.alone(CLAIM, work))
    await asyncio.sleep(0.05)
    assert not second.done()
    release.set()
    assert (await first).body == (await second).body == b"theirs"
    assert work.done == 0


async def taken(storage: Storage) -> bool:
    return bool(await storage.idempotency.look(CLAIM))


async def test_who_waits_in_vain_is_told_when_to_ask_again(storage: Storage, another: Storage) -> None:
    await another.idempotency.begin(CLAIM)
    with pytest.raises(Problem, match="idempotency_key_in_use") as told:
        await Turns(storage.idempotency, 0.1).alone(CLAIM, Work())
    assert told.value.retry_after == 1


async def test_what_this_process_began_and_cannot_give_back_is_not_waited_for(
    one: Turns, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_GIVEN_BACK", 0.1)
    await storage.idempotency.begin(CLAIM)
    await away(one, Work())
    await storage.idempotency.free(CLAIM)
    assert await answered(one, Work()) == (201, b"1")
