"""What may go wrong around a delivery: it harms no other, and nobody is told what they may not hear."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from headrace.domain.errors import Problem
from headrace.domain.webhooks import FAILING_FOR
from headrace.jobs import batch, deliver
from headrace.ports import Attempted, Delivered
from headrace.storage import erasure
from headrace.storage.webhooks import SqlWebhooks
from headrace.transport.guarded import GuardedTransport
from tests.jobs.delivering import Office, office
from tests.jobs.receiver import Hook, Received, accept, receiving, saying
from tests.storage import making

ADA = "email:ada@example.com"


@pytest_asyncio.fixture
async def post(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def hook() -> AsyncIterator[Hook]:
    async with receiving() as made:
        yield made


class Gate:
    """A receiver's answer that waits to be let out."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def __call__(self, received: Received) -> web.Response:
        await self.opened.wait()
        return web.Response(status=204)


async def test_a_suppressed_person_is_not_told_about(post: Office, hook: Hook) -> None:
    await post.owe(hook.url, subjects=(ADA,))
    await post.owe(hook.url)
    await post.storage.suppressions.add([ADA], "request", "test")
    await post.attempt_all()
    assert len(hook.received) == 1
    told, silent = await post.listed()
    assert (told.state, silent.state, silent.attempts, silent.url) == ("delivered", "suppressed", 0, None)


async def test_nor_on_a_later_attempt(post: Office, hook: Hook) -> None:
    hook.answer = saying(503)
    await post.owe(hook.url, subjects=(ADA,))
    await post.attempt()
    await post.storage.suppressions.add([ADA], "request", "test")
    await post.attempt_all()
    assert len(hook.received) == 1
    assert (await post.only()).state == "suppressed"


async def test_what_was_emptied_is_not_sent(post: Office, hook: Hook) -> None:
    await post.owe(hook.url)
    await post.storage.database.write(empty_deliveries)
    await post.attempt_all()
    delivery = await post.only()
    assert (hook.received, delivery.state, delivery.attempts) == ([], "suppressed", 0)


def empty_deliveries() -> Any:
    from headrace.storage.database import Statement  # noqa: PLC0415

    yield Statement("UPDATE webhook_deliveries SET record = NULL", {})


async def test_a_person_who_is_erased_while_a_delivery_waits_is_not_told_about(
    post: Office, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "FRESH", 0.0)
    monkeypatch.setattr(erasure, "IN_FLIGHT", 0.0)
    hook.answer = gate = Gate()
    for _ in range(deliver.PER_HOST):
        await post.owe(hook.url)
    await post.owe(hook.url, b'{"email":"ada@example.com"}', subjects=(ADA,))
    attempting = asyncio.create_task(post.attempt())
    await hook.until(deliver.PER_HOST)
    await post.storage.persons.erase([ADA], "test")
    gate.opened.set()
    await attempting
    assert len(hook.received) == deliver.PER_HOST
    assert (await post.listed())[0].state == "suppressed"


async def test_a_crowd_for_one_host_waits_its_turn_and_is_put_off_uncounted(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "PATIENCE", 0.5)
    hook.answer = gate = Gate()
    async with office(tmp_path) as post:
        for _ in range(25):
            await post.owe(hook.url)
        attempting = asyncio.create_task(post.attempt())
        await hook.until(deliver.PER_HOST)
        await making.until(lambda: put_off(post, 15))
        assert len(hook.received) == deliver.PER_HOST
        gate.opened.set()
        await attempting
        due = await post.storage.webhooks.next_due()
        assert due
        assert due >= post.clock.now + deliver.PUT_OFF
        await post.attempt_all()
        assert {(each.state, each.attempts) for each in await post.listed()} == {("delivered", 1)}
    assert len({each.id for each in hook.received}) == len(hook.received) == 25


async def put_off(post: Office, count: int) -> bool:
    errors = [(each.last_error, each.attempts, each.state) for each in await post.listed()]
    return errors.count(("host_busy", 0, "pending")) == count


async def test_a_bug_in_one_attempt_is_a_failed_attempt_and_nothing_more(
    post: Office, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = GuardedTransport.post
    odd = f"{hook.url}/odd"

    async def stumble(
        transport: GuardedTransport, url: str, headers: Mapping[str, str], body: bytes
    ) -> Delivered:
        if url == odd:
            raise KeyError("a bug")
        await asyncio.sleep(0)
        return await really(transport, url, headers, body)

    monkeypatch.setattr(GuardedTransport, "post", stumble)
    for url in (hook.url, odd, hook.url):
        await post.owe(url)
    await post.attempt()
    found = [(each.state, each.attempts, each.last_error) for each in await post.listed()]
    assert found == [("delivered", 1, None), ("pending", 1, "internal_error"), ("delivered", 1, None)]


async def test_an_outcome_that_was_not_written_down_is_the_only_one_tried_again(
    post: Office, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await post.owe(hook.url)
    second = (await post.listed())[1].id
    really = SqlWebhooks.attempted

    async def away(webhooks: SqlWebhooks, name: str, outcome: Attempted) -> None:
        if outcome.id == second:
            raise Problem("storage_unavailable", retry_after=1)
        await really(webhooks, name, outcome)

    assert await post.storage.webhooks.claim("b", 1000) == 3
    with monkeypatch.context() as patched:
        patched.setattr(SqlWebhooks, "attempted", away)
        with pytest.raises(Problem, match="storage_unavailable"):
            await post.deliver("b")
    assert [each.state for each in await post.listed()] == ["delivered", "pending", "delivered"]

    await post.deliver("b")
    assert [each.state for each in await post.listed()] == ["delivered"] * 3
    assert [each.id for each in hook.received].count(second) == 2
    assert len(hook.received) == 4


async def test_one_failure_long_after_another_disables_nothing(post: Office, hook: Hook) -> None:
    hook.answer = saying(503)
    await post.owe(hook.url)
    await post.attempt_all()
    post.clock.now += 2 * FAILING_FOR
    await post.owe(hook.url)
    await post.attempt()
    hook.answer = accept
    await post.attempt_all()
    assert [(each.state, each.last_status) for each in await post.listed()] == [
        ("delivered", 204),
        ("failed", 503),
    ]


async def test_attempts_that_reached_nobody_do_not_count_against_the_receiver(
    post: Office, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumble(*_: object) -> Delivered:
        raise KeyError("a bug")

    began = post.clock.now
    with monkeypatch.context() as patched:
        patched.setattr(GuardedTransport, "post", stumble)
        while post.clock.now < began + FAILING_FOR:
            await post.owe(hook.url)
            await post.attempt_all()
            post.clock.now += 3600
    hook.answer = saying(503)
    await post.owe(hook.url)
    await post.attempt()
    delivery = (await post.listed())[0]
    assert (delivery.state, delivery.last_status) == ("pending", 503)


async def test_a_stop_gives_back_what_has_not_been_begun(post: Office, hook: Hook) -> None:
    hook.answer = gate = Gate()
    for _ in range(deliver.PER_HOST + 5):
        await post.owe(hook.url)
    attempting = asyncio.create_task(post.attempt())
    await hook.until(deliver.PER_HOST)
    post.deliver.stop()
    gate.opened.set()
    await attempting
    assert len(hook.received) == deliver.PER_HOST
    states = sorted((each.state, each.attempts) for each in await post.listed())
    assert states == [("delivered", 1)] * deliver.PER_HOST + [("pending", 0)] * 5
    assert await post.storage.webhooks.claim("another", 1000) == 5

    await post.deliver("another")  # which it does not begin either
    assert await post.storage.webhooks.claim("others", 1000) == 5
