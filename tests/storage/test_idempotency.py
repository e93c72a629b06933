"""One answer for one key, whoever asks, however often and wherever at once."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from headrace.domain.errors import Problem
from headrace.ports import Claim, Reply
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.clocks import SetClock
from tests.storage.making import account, balance, crash, settlement, until
from tests.storage.opened import opened
from tests.storage.processes import Child

pytestmark = pytest.mark.usefixtures("certain")

DAY = 86_400
CLAIM = Claim("acme POST /v2/contacts/single_enrich k1", '{"domain":"example.com"}')
REPLY = Reply(CLAIM, 201, '{"status":"success","name":"é"}'.encode())


@pytest.fixture
def clock() -> SetClock:
    return SetClock(time.time())  # which is that of the other processes


@pytest.fixture
def storage(backend: Backend, clock: SetClock) -> Iterator[Storage]:
    """The database, at the time of `clock`."""
    opened_ = opened(backend.url, clock)
    yield opened_
    opened_.close()


async def test_an_answer_is_kept_and_given_again(storage: Storage, backend: Backend) -> None:
    assert await storage.idempotency.look(CLAIM) is None
    await storage.idempotency.begin(CLAIM)
    other = backend.open()
    assert await storage.idempotency.look(CLAIM) == Reply(CLAIM, 0, b"", ours=True)
    assert await other.idempotency.look(CLAIM) == Reply(CLAIM, 0, b"")

    await storage.idempotency.end(REPLY)

    assert await storage.idempotency.look(CLAIM) == REPLY
    assert await other.idempotency.look(CLAIM) == REPLY
    other.close()


async def test_a_key_that_is_taken_is_in_use(storage: Storage) -> None:
    await storage.idempotency.begin(CLAIM)
    for _ in range(2):
        with pytest.raises(Problem, match="idempotency_key_in_use") as refused:
            await storage.idempotency.begin(CLAIM)
        assert (refused.value.kind.status, refused.value.retry_after) == (409, 1)
    await storage.idempotency.end(REPLY)
    with pytest.raises(Problem, match="idempotency_key_in_use"):
        await storage.idempotency.begin(CLAIM)


@pytest.mark.parametrize("ended", [False, True])
async def test_a_key_of_another_request_is_refused(storage: Storage, ended: bool) -> None:
    await storage.idempotency.begin(CLAIM)
    if ended:
        await storage.idempotency.end(REPLY)

    with pytest.raises(Problem, match="idempotency_key_reused") as refused:
        await storage.idempotency.look(Claim(CLAIM.name, '{"domain":"example.org"}'))
    assert refused.value.kind.status == 422
    assert await storage.idempotency.look(Claim("acme POST /elsewhere k1", CLAIM.fingerprint)) is None


async def test_an_answer_expires_when_it_says_so_and_the_key_is_free_then(
    storage: Storage, clock: SetClock
) -> None:
    short = Claim("short", "f", seconds=60)
    for claim in (CLAIM, short):
        await storage.idempotency.begin(claim)
        await storage.idempotency.end(Reply(claim, 200, b"{}"))

    clock.now += 60
    assert await storage.idempotency.look(short)
    clock.now += 0.5
    assert await storage.idempotency.look(short) is None
    await storage.idempotency.begin(short)
    clock.now += DAY - 61
    assert await storage.idempotency.look(CLAIM)
    clock.now += 61
    assert await storage.idempotency.look(CLAIM) is None


async def test_a_key_whose_request_came_to_nothing_is_free_again(storage: Storage, backend: Backend) -> None:
    other = backend.open()
    await storage.idempotency.begin(CLAIM)
    await other.idempotency.free(CLAIM)
    assert await storage.idempotency.look(CLAIM)  # nobody frees what is another's

    await storage.idempotency.free(CLAIM)
    await other.idempotency.begin(CLAIM)
    await storage.idempotency.end(REPLY)  # which it may not answer any more
    assert await storage.idempotency.look(CLAIM) == Reply(CLAIM, 0, b"")
    other.close()


async def test_a_kept_answer_is_freed_by_nobody(storage: Storage) -> None:
    await storage.idempotency.begin(CLAIM)
    await storage.idempotency.end(REPLY)
    await storage.idempotency.free(CLAIM)

    assert await storage.idempotency.look(CLAIM) == REPLY


async def test_a_claim_is_taken_with_the_hold_and_answered_with_the_settlement(storage: Storage) -> None:
    payer = await account(storage, credits=1_000)
    await storage.ledger.hold("e1", payer.id, 300, CLAIM)
    with pytest.raises(Problem, match="idempotency_key_in_use"):
        await storage.ledger.hold("e2", payer.id, 300, CLAIM)
    assert await balance(storage, payer.id) == (700, 300)

    await storage.ledger.settle(settlement("e1", payer.id, 100, reply=REPLY))

    assert await storage.idempotency.look(CLAIM) == REPLY
    assert await balance(storage, payer.id) == (900, 0)


async def test_a_hold_that_is_refused_takes_no_claim(storage: Storage, backend: Backend) -> None:
    payer = await account(storage, credits=100)
    with pytest.raises(Problem, match="insufficient_credits"):
        await storage.ledger.hold("e1", payer.id, 300, CLAIM)

    assert await storage.idempotency.look(CLAIM) is None
    assert backend.rows("SELECT COUNT(*) FROM idempotency_keys") == [(0,)]


async def test_a_claim_is_free_again_with_the_release_of_its_hold(storage: Storage) -> None:
    payer = await account(storage, credits=1_000)
    await storage.ledger.hold("e1", payer.id, 300, CLAIM)
    await storage.ledger.release("e1")

    assert await storage.idempotency.look(CLAIM) is None
    await storage.ledger.hold("e2", payer.id, 300, CLAIM)


async def test_claims_of_a_dead_owner_are_free_again_and_its_answers_stay(
    storage: Storage, backend: Backend, clock: SetClock
) -> None:
    payer = await account(storage, credits=1_000)
    dying, kept = opened(backend.url, clock), Claim("kept", "f")
    alone, with_hold = Claim("alone", "f"), Claim("with a hold", "f")
    await dying.idempotency.begin(kept)
    await dying.idempotency.end(Reply(kept, 200, b"{}"))
    await dying.idempotency.begin(alone)
    await dying.ledger.hold("e1", payer.id, 300, with_hold)
    await storage.idempotency.begin(CLAIM)
    crash(dying)

    assert await storage.ledger.release_abandoned() == 1

    assert [await storage.idempotency.look(claim) for claim in (alone, with_hold)] == [None, None]
    assert await storage.idempotency.look(kept)
    assert await storage.idempotency.look(CLAIM)


async def test_a_key_left_by_a_killed_process_that_held_nothing_is_free_again(
    storage: Storage, backend: Backend
) -> None:
    with Child("begin", backend.url, CLAIM.name, "1") as doomed:
        assert doomed.line() == "ready"
        doomed.go()
        assert doomed.line() == "1"
        with pytest.raises(Problem, match="idempotency_key_in_use"):
            await storage.idempotency.begin(CLAIM)
        doomed.kill()

    async def is_free() -> bool:
        await storage.ledger.release_abandoned()
        return await storage.idempotency.look(Claim(CLAIM.name, "f")) is None

    await until(is_free)
    await storage.idempotency.begin(CLAIM)


async def test_of_three_hundred_at_once_in_three_processes_one_begins(
    storage: Storage, backend: Backend
) -> None:
    children = [Child("begin", backend.url, "everybody's", "100") for _ in range(3)]
    with children[0], children[1], children[2]:
        assert {child.line() for child in children} == {"ready"}
        for child in children:
            child.go()
        assert sum(int(child.line()) for child in children) == 1
    assert backend.rows("SELECT state FROM idempotency_keys") == [("running",)]


async def test_of_many_holds_with_one_claim_one_is_granted_beside_others_that_are_not_concerned(
    storage: Storage,
) -> None:
    payer = await account(storage, credits=1_000_000)
    claimed = [storage.ledger.hold(f"c{number}", payer.id, 1_000, CLAIM) for number in range(50)]
    others = [storage.ledger.hold(f"o{number}", payer.id, 1_000) for number in range(50)]

    results = await asyncio.gather(*claimed, *others, return_exceptions=True)

    assert sum(isinstance(result, int) for result in results[:50]) == 1
    assert all(isinstance(result, int) for result in results[50:])
    assert await balance(storage, payer.id) == (1_000_000 - 51_000, 51_000)


async def test_a_queue_and_its_answer_are_one(storage: Storage) -> None:
    payer = await account(storage, credits=1_000)
    request = settlement("e", payer.id, 0).enrichment.request
    with pytest.raises(Problem, match="insufficient_credits"):
        await storage.enrichments.queue([request], payer, [2_000], ["e0"], reply=REPLY)
    assert await storage.idempotency.look(CLAIM) is None

    await storage.enrichments.queue([request], payer, [300], ["e1"], reply=REPLY)
    assert await storage.idempotency.look(CLAIM) == REPLY
    with pytest.raises(Problem, match="idempotency_key_in_use"):
        await storage.enrichments.queue([request], payer, [300], ["e2"], reply=REPLY)
    assert await balance(storage, payer.id) == (700, 300)
