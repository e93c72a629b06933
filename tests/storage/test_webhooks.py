"""What is owed to webhooks: queued with the settlement, taken by one, attempted until the end."""

import asyncio
from collections.abc import Iterator

import pytest

from headrace.domain.model import Account
from headrace.domain.webhooks import QUIET_FOR
from headrace.operate.model import Secret
from headrace.ports import Attempted, Delivery
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.clocks import SetClock
from tests.storage.making import account, settlement
from tests.storage.opened import opened
from tests.storage.processes import Child

NOW = 1_800_000_000.5
"""When the settlements of these tests are made."""

URL, BODY = "https://client.example/hook?token=1", b'{"status":"success","name":"\xc3\xa9"}'


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def storage(backend: Backend, clock: SetClock) -> Iterator[Storage]:
    """The database, at the time of `clock`."""
    opened_ = opened(backend.url, clock)
    yield opened_
    opened_.close()


async def owed(storage: Storage, payer: Account, *names: str, url: str = URL) -> None:
    """Settled enrichments with a webhook each."""
    for name in names:
        await storage.ledger.hold(name, payer.id, 100)
        await storage.ledger.settle(settlement(name, payer.id, 0, webhook_url=url, webhook_body=BODY))


async def taken(storage: Storage, batch: str = "b", most: int = 100) -> list[Delivery]:
    """What is due, in a batch."""
    await storage.webhooks.claim(batch, most)
    return list(await storage.webhooks.batch(batch))


async def states(storage: Storage, payer: Account) -> list[tuple[str, int, int | None]]:
    """Of each delivery, the oldest first: its state, how often it was attempted, the last status."""
    listed = await storage.webhooks.listed(payer.id)
    return [(each.state, each.attempts, each.last_status) for each in reversed(listed)]


async def test_what_is_owed_is_whole_and_due_at_once(storage: Storage) -> None:
    payer = await account(storage, credits=1_000)
    assert await storage.webhooks.next_due() is None
    await owed(storage, payer, "e1")

    assert await storage.webhooks.next_due() == NOW
    (delivery,) = await taken(storage)
    assert (delivery.url, delivery.body) == (URL, BODY)
    assert (delivery.enrichment_id, delivery.account_id) == ("e1", payer.id)
    assert (delivery.attempts, delivery.failing_since, delivery.disabled) == (0, None, False)
    assert delivery.secrets == ()
    assert await storage.webhooks.next_due() is None


async def test_what_is_taken_is_nobody_elses_and_stays_so_until_it_was_attempted(storage: Storage) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1", "e2", "e3")

    assert await storage.webhooks.claim("one", 2) == 2
    assert await storage.webhooks.claim("two", 2) == 1
    assert await storage.webhooks.claim("three", 2) == 0
    assert sorted(await storage.webhooks.open_batches("z")) == ["one", "two"]
    assert await storage.webhooks.open_batches("p") == ["one"]

    first, second = await storage.webhooks.batch("one")
    await storage.webhooks.attempted("one", Attempted(first.id, "delivered", status=200))
    assert [each.id for each in await storage.webhooks.batch("one")] == [second.id]
    await storage.webhooks.attempted("one", Attempted(second.id, "failed", status=500))
    assert await storage.webhooks.batch("one") == []
    assert await storage.webhooks.open_batches("z") == ["two"]


async def test_claims_of_one_moment_from_several_processes_take_each_delivery_once(
    storage: Storage, backend: Backend, clock: SetClock
) -> None:
    payer = await account(storage, credits=10_000)
    await owed(storage, payer, *(f"e{number}" for number in range(60)))
    others = [opened(backend.url, clock) for _ in range(2)]
    processes = [storage, *others]

    counts = await asyncio.gather(
        *(
            each.webhooks.claim(f"{place}/{number}", 4)
            for number in range(6)
            for place, each in enumerate(processes)
        )
    )

    found = [
        delivery.id
        for number in range(6)
        for place, each in enumerate(processes)
        for delivery in await each.webhooks.batch(f"{place}/{number}")
    ]
    assert len(found) == len(set(found)) == sum(counts)
    left = await taken(storage, "rest")
    assert len(found) + len(left) == 60
    for other in others:
        other.close()


async def test_a_batch_of_a_killed_process_is_found_by_its_name(storage: Storage, backend: Backend) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1")
    with Child("claim", backend.url, "batch of the dead", str(NOW)) as doomed:
        assert doomed.line() == "1"
        doomed.kill()

    assert await storage.webhooks.open_batches("z") == ["batch of the dead"]
    assert len(await storage.webhooks.batch("batch of the dead")) == 1


async def test_an_attempt_that_failed_is_due_again_when_it_says_so(storage: Storage, clock: SetClock) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1")
    (delivery,) = await taken(storage)

    again = Attempted(delivery.id, "pending", next_at=NOW + 5, status=503, error="status")
    await storage.webhooks.attempted("b", again)

    assert await storage.webhooks.next_due() == NOW + 5
    assert await storage.webhooks.claim("too soon", 10) == 0
    clock.now = NOW + 5
    (delivery,) = await taken(storage, "c")
    assert (delivery.attempts, delivery.failing_since, delivery.disabled) == (1, NOW, False)
    assert await states(storage, payer) == [("pending", 1, 503)]
    (listed,) = await storage.webhooks.listed(payer.id)
    assert (listed.last_error, listed.next_at, listed.created_at) == ("status", NOW + 5, NOW)


async def test_an_attempt_that_asked_nobody_is_not_counted(storage: Storage) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1")
    (delivery,) = await taken(storage)

    await storage.webhooks.attempted("b", Attempted(delivery.id, "pending", counted=False, next_at=NOW))

    (delivery,) = await taken(storage, "c")
    assert (delivery.attempts, delivery.failing_since) == (0, None)


async def test_an_outcome_of_a_batch_that_has_lost_its_delivery_changes_nothing(storage: Storage) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1")
    (delivery,) = await taken(storage)
    assert await storage.webhooks.replay(delivery.id)

    await storage.webhooks.attempted("b", Attempted(delivery.id, "failed", status=500, disable=True))

    assert await states(storage, payer) == [("pending", 0, None)]
    (delivery,) = await taken(storage, "c")
    assert not delivery.disabled


@pytest.mark.parametrize("state", ["delivered", "failed", "disabled"])
async def test_a_replay_keeps_id_and_body_and_counts_on(
    storage: Storage, clock: SetClock, state: str
) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1")
    (first,) = await taken(storage)
    await storage.webhooks.attempted("b", Attempted(first.id, "pending", next_at=NOW, status=500))
    await taken(storage, "c")
    await storage.webhooks.attempted("c", Attempted(first.id, state, status=200))
    assert await states(storage, payer) == [(state, 2, 200)]

    clock.now = NOW + 100
    assert await storage.webhooks.replay(first.id, payer.id)

    assert await storage.webhooks.next_due() == NOW + 100
    (again,) = await taken(storage, "d")
    assert (again.id, again.url, again.body, again.attempts) == (first.id, URL, BODY, 0)
    await storage.webhooks.attempted("d", Attempted(again.id, "delivered", status=204))
    assert await states(storage, payer) == [("delivered", 3, 204)]


async def test_only_its_account_or_an_operator_may_replay(storage: Storage) -> None:
    payer, other = await account(storage, "payer", credits=1_000), await account(storage, "other")
    await owed(storage, payer, "e1")
    (delivery,) = await taken(storage)

    assert not await storage.webhooks.replay(delivery.id, other.id)
    assert not await storage.webhooks.replay("unknown")
    assert await storage.webhooks.replay(delivery.id)
    assert await storage.webhooks.listed(other.id) == []


async def test_an_endpoint_that_says_gone_is_disabled_for_its_account_until_something_arrives_or_a_replay(
    storage: Storage,
) -> None:
    payer, other = await account(storage, "payer", credits=1_000), await account(storage, "other", 1_000)
    await owed(storage, payer, "e1", "e2")
    await owed(storage, other, "e3")
    await owed(storage, payer, "e4", url="https://elsewhere.example/")
    deliveries = {each.enrichment_id: each for each in await taken(storage)}
    await storage.webhooks.attempted(
        "b", Attempted(deliveries["e1"].id, "disabled", status=410, disable=True)
    )

    disabled = {each.enrichment_id: each.disabled for each in await storage.webhooks.batch("b")}
    assert disabled == {"e2": True, "e3": False, "e4": False}

    assert await storage.webhooks.replay(deliveries["e1"].id)
    assert not any(each.disabled for each in await storage.webhooks.batch("b"))


async def test_an_endpoint_fails_since_its_first_failure_until_it_is_well(
    storage: Storage, clock: SetClock
) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1", "e2", "e3")
    first, second, third = await taken(storage)
    for delivery, after in ((first, 10), (second, 20)):
        clock.now = NOW + after
        await storage.webhooks.attempted("b", Attempted(delivery.id, "pending", next_at=NOW))
    assert (await storage.webhooks.batch("b"))[0].failing_since == NOW + 10

    await storage.webhooks.attempted("b", Attempted(third.id, "delivered", status=200))
    assert [each.failing_since for each in await taken(storage, "c")] == [None, None]


async def test_after_a_quiet_time_the_row_of_failures_begins_anew(storage: Storage, clock: SetClock) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1", "e2", "e3", "e4", "e5")
    *failing, blocked, left = await taken(storage)
    days = (0.0, QUIET_FOR, 3 * QUIET_FOR)
    for delivery, after in zip(failing, days, strict=True):
        clock.now = NOW + after
        await storage.webhooks.attempted("b", Attempted(delivery.id, "pending", next_at=2 * NOW))
        found = (await storage.webhooks.batch("b"))[0]
        expected = NOW if after <= QUIET_FOR else NOW + after
        assert (found.failing_since, found.failed_at) == (expected, NOW + after)

    clock.now += 10
    outcome = Attempted(blocked.id, "failed", error="internal_error", asked=False)
    await storage.webhooks.attempted("b", outcome)
    (found,) = await storage.webhooks.batch("b")
    assert (found.id, found.failed_at) == (left.id, NOW + 3 * QUIET_FOR)


async def test_many_outcomes_of_one_moment_are_all_written_down(storage: Storage, backend: Backend) -> None:
    payer = await account(storage, credits=10_000)
    for number in range(40):
        await owed(storage, payer, f"e{number}", url=f"https://{number % 5}.example/")
    deliveries = await taken(storage)
    other = backend.open()

    def outcome(number: int, delivery: Delivery) -> Attempted:
        return Attempted(delivery.id, "delivered" if number % 2 else "failed", status=200 + number)

    await asyncio.gather(
        *(
            (storage, other)[number % 2].webhooks.attempted("b", outcome(number, each))
            for number, each in enumerate(deliveries)
        )
    )

    found = {each.id: (each.state, each.last_status) for each in await storage.webhooks.listed(payer.id)}
    assert found == {
        each.id: ("delivered" if number % 2 else "failed", 200 + number)
        for number, each in enumerate(deliveries)
    }
    other.close()


async def test_secrets_are_given_with_a_delivery_as_long_as_they_are_in_use(
    storage: Storage, clock: SetClock, backend: Backend
) -> None:
    payer = await account(storage, credits=1_000)
    await owed(storage, payer, "e1")
    await storage.webhooks.first_secret(payer.id, "first")
    await storage.webhooks.first_secret(payer.id, "too late")
    assert await storage.webhooks.signing_secrets(payer.id) == ["first"]

    def rotate(secrets: object, now: float) -> list[Secret]:
        assert secrets == [Secret("first")]
        return [Secret("second"), Secret("first", until=now + 10)]

    await storage.webhooks.change_secrets(payer.id, rotate)
    (delivery,) = await taken(storage)
    assert delivery.secrets == ("second", "first")
    clock.now = NOW + 10
    assert (await storage.webhooks.batch("b"))[0].secrets == ("second",)
    ((kept,),) = backend.rows("SELECT webhook_secrets FROM accounts")
    assert b"second" not in bytes(kept)
