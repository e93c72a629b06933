"""Deliveries over days, on a clock that jumps: when they are tried, and what each answer leads to."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from standardwebhooks import Webhook, WebhookVerificationError

from headrace.domain.webhooks import DEFAULT_SCHEDULE, FAILING_FOR, JITTER
from headrace.jobs.signing import new_secret
from headrace.operate import webhooks as use_cases
from tests.jobs.delivering import BODY, Office, office
from tests.jobs.receiver import Hook, receiving, saying

DAY = 86_400.0


@pytest_asyncio.fixture
async def post(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def hook() -> AsyncIterator[Hook]:
    async with receiving() as made:
        yield made


async def test_what_is_accepted_is_delivered_once(post: Office, hook: Hook) -> None:
    await post.owe(hook.url)
    await post.attempt_all()
    (received,) = hook.received
    assert received.body == BODY
    assert received.headers["content-type"] == "application/json"
    delivery = await post.only()
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 204)
    assert (delivery.id, delivery.next_at) == (received.id, None)


@pytest.mark.parametrize("status", [500, 404, 429, 302])
async def test_ten_attempts_over_75_hours(post: Office, hook: Hook, status: int) -> None:
    hook.answer = saying(status)
    began = post.clock.now
    await post.owe(hook.url)
    await post.attempt_all()

    assert post.batches[0] == began
    gaps = [later - sooner for sooner, later in pairwise(post.batches)]
    for gap, planned in zip(gaps, DEFAULT_SCHEDULE[1:], strict=True):
        assert planned * (1 - JITTER) <= gap <= planned * (1 + JITTER)
    assert sum(gaps) == pytest.approx(75 * 3600 + 35 * 60 + 5, rel=JITTER)
    assert len({each.id for each in hook.received}) == 1
    assert [int(each.headers["webhook-timestamp"]) for each in hook.received] == list(map(int, post.batches))
    delivery = await post.only()
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("failed", 10, status)


async def test_nothing_is_attempted_before_it_is_due(post: Office, hook: Hook) -> None:
    hook.answer = saying(503)
    await post.owe(hook.url)
    await post.attempt()
    due = await post.storage.webhooks.next_due()
    assert due
    post.clock.now = due - 0.001
    assert await post.storage.webhooks.claim("early", 1000) == 0
    post.clock.now = due
    assert await post.storage.webhooks.claim("in time", 1000) == 1


async def test_nobody_there_is_tried_again(post: Office) -> None:
    async with receiving() as gone:
        url = gone.url
    await post.owe(url)
    await post.attempt()
    delivery = await post.only()
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("pending", 1, None)
    assert delivery.last_error == "connect_failed"


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_puts_the_next_attempt_off(post: Office, hook: Hook, form: str) -> None:
    at = post.clock.now + 3600
    wanted = "3600" if form == "seconds" else format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True)
    hook.answer = saying(503, Retry_After=wanted)
    await post.owe(hook.url)
    await post.attempt()
    assert await post.storage.webhooks.next_due() == pytest.approx(at, abs=1)


async def test_a_redirect_is_a_failure_and_is_not_followed(post: Office, hook: Hook) -> None:
    async with receiving() as elsewhere:
        hook.answer = saying(307, Location=elsewhere.url)
        await post.owe(hook.url)
        await post.attempt()
        assert elsewhere.received == []
    delivery = await post.only()
    assert (delivery.state, delivery.last_status) == ("pending", 307)


async def test_gone_disables_the_endpoint_for_all_that_follows(post: Office, hook: Hook) -> None:
    hook.answer = saying(410)
    await post.owe(hook.url)
    await post.attempt_all()
    assert (await post.only()).state == "disabled"

    hook.answer = saying(204)
    await post.owe(hook.url)
    await post.owe(f"{hook.url}/another")
    await post.attempt_all()
    assert [each.path for each in hook.received] == ["/hook", "/hook/another"]
    states = {each.url: (each.state, each.attempts) for each in (await post.listed())[:2]}
    assert states == {hook.url: ("disabled", 0), f"{hook.url}/another": ("delivered", 1)}


async def test_five_days_of_nothing_but_failures_disable_the_endpoint(post: Office, hook: Hook) -> None:
    hook.answer = saying(500)
    began = post.clock.now
    await post.owe(hook.url)
    await post.attempt_all()
    assert (await post.only()).state == "failed"

    post.clock.now = began + FAILING_FOR - 3600
    post.batches.clear()
    await post.owe(hook.url)
    await post.attempt_all()
    latest = (await post.listed())[0]
    assert (latest.state, latest.last_status) == ("disabled", 500)
    *before, last = post.batches
    assert max(before) < began + FAILING_FOR <= last


async def test_one_success_ends_the_days_of_failures(post: Office, hook: Hook) -> None:
    hook.answer = saying(500)
    await post.owe(hook.url)
    await post.attempt_all()
    post.clock.now += DAY
    hook.answer = saying(200)
    await post.owe(hook.url)
    await post.attempt_all()

    hook.answer = saying(500)
    post.clock.now += 4 * DAY
    await post.owe(hook.url)
    await post.attempt_all()
    assert (await post.listed())[0].state == "failed"


async def test_a_replay_keeps_id_and_body_and_counts_on(post: Office, hook: Hook) -> None:
    hook.answer = saying(500)
    await post.owe(hook.url)
    await post.attempt_all()
    delivery = await post.only()
    assert await post.storage.webhooks.replay(delivery.id)

    assert (await post.only()).state == "pending"
    await post.attempt()
    hook.answer = saying(200)
    await post.attempt_all()
    delivery = await post.only()
    assert (delivery.state, delivery.attempts) == ("delivered", 12)
    assert {(each.id, each.body) for each in hook.received} == {(delivery.id, BODY)}


async def test_a_replay_makes_a_disabled_endpoint_welcome_again(post: Office, hook: Hook) -> None:
    hook.answer = saying(410)
    await post.owe(hook.url)
    await post.attempt_all()
    hook.answer = saying(200)
    await post.storage.webhooks.replay((await post.only()).id)
    await post.owe(hook.url)
    await post.attempt_all()
    assert [each.state for each in await post.listed()] == ["delivered", "delivered"]


async def test_every_delivery_is_signed_also_for_who_never_asked_for_a_secret(
    post: Office, hook: Hook
) -> None:
    post.clock.now = time.time()
    await post.owe(hook.url, '{"é":"\u2028","n":1.50}'.encode())
    await post.attempt_all()
    (received,) = hook.received
    secret = await use_cases.secret(post.storage, post.account, "test")
    assert Webhook(secret.secret).verify(received.body, dict(received.headers)) == {"é": "\u2028", "n": 1.5}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(received.body, dict(received.headers))


async def test_while_a_secret_is_replaced_both_verify(post: Office, hook: Hook) -> None:
    post.clock.now = time.time()
    old = await use_cases.secret(post.storage, post.account, "test")
    new, _ = await use_cases.rotate(post.storage, post.account, "test")
    await post.owe(hook.url)
    await post.attempt_all()
    assert len(hook.received[0].headers["webhook-signature"].split()) == 2
    for each in (old, new):
        Webhook(each.secret).verify(hook.received[0].body, dict(hook.received[0].headers))

    post.clock.now += 2 * DAY
    await post.owe(hook.url)
    await post.attempt_all()
    assert len(hook.received[1].headers["webhook-signature"].split()) == 1


async def test_a_url_that_may_not_be_reached_fails_for_good(tmp_path: Path, hook: Hook) -> None:
    async with office(tmp_path, allow_private=[]) as strict:
        await strict.owe(hook.url)
        await strict.attempt_all()
        delivery = await strict.only()
        assert (delivery.state, delivery.last_status) == ("failed", None)
        assert str(delivery.last_error).startswith("blocked: ")
    assert hook.received == []


async def test_one_that_hangs_keeps_none_of_99_others_waiting(post: Office, hook: Hook) -> None:
    release = asyncio.Event()
    accept = hook.answer

    async def hang(received: object) -> object:
        await release.wait()
        return await accept(hook.received[0])

    hook.answer = hang  # type: ignore[assignment]
    async with receiving() as good:
        await post.owe(hook.url)
        urls = [f"{good.url}/{number}" for number in range(99)]
        for url in urls:
            await post.owe(url)
        attempting = asyncio.create_task(post.attempt())
        await hook.until(1)
        await good.until(99)
        async with asyncio.timeout(30):
            while [each.state for each in await post.listed()].count("delivered") < 99:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        states = {each.url: each.state for each in await post.listed()}
        assert states == {hook.url: "pending", **dict.fromkeys(urls, "delivered")}
        release.set()
        await attempting
    assert {each.state for each in await post.listed()} == {"delivered"}
