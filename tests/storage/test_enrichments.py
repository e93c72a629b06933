"""Stored enrichments: whole, and for their owner only."""

import asyncio

import pytest
from msgspec.structs import replace

from headrace.domain.model import Account, Field
from headrace.ports import Claim, Progress, Reply
from headrace.record import request_of
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.making import ATTEMPT, account, balance, crash, settlement

pytestmark = pytest.mark.usefixtures("certain")

REQUEST = settlement("e", "", 0, webhook_url="https://c.example/", custom=b'{"a":1}').enrichment.request
CUSTOM = b'{"b":1.0, "a":[1e2,"\\u00e9"]}'


async def test_a_finished_enrichment_is_kept_whole(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    done = settlement("e1", payer.id, 3_000, custom=CUSTOM)
    await storage.ledger.settle(done)

    stored = await storage.enrichments.get("e1", payer.id)

    assert stored
    assert (stored.id, stored.charged, stored.finished_at) == ("e1", 3_000, 1_800_000_000.5)
    assert stored.state == "finished"
    assert request_of(stored.record) == done.enrichment.request
    value = stored.record.results[Field.EMAIL]
    assert value.values == ("ada@example.com",)
    assert (value.provider, value.found_at) == ("hunter", 1_800_000_000.5)
    assert [attempt.provider for attempt in stored.record.attempts] == ["hunter"]


async def test_nobody_but_its_owner_sees_an_enrichment(storage: Storage) -> None:
    payer, other = await account(storage, "payer", 10_000), await account(storage, "other")
    await storage.ledger.hold("e1", payer.id, 3_000)
    await storage.ledger.settle(settlement("e1", payer.id, 0))

    assert await storage.enrichments.get("e1", payer.id)
    assert await storage.enrichments.get("e1", other.id) is None
    assert await storage.enrichments.get("e1", "") is None
    assert await storage.enrichments.get("e2", payer.id) is None


async def test_only_a_finished_enrichment_is_shown(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("running", payer.id, 1_000)
    await storage.ledger.hold("released", payer.id, 1_000)
    await storage.ledger.release("released")

    assert await storage.enrichments.get("running", payer.id) is None
    assert await storage.enrichments.get("released", payer.id) is None


async def test_late_answers_replace_the_attempts_and_nothing_else(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)
    for name in ("e1", "e2"):
        await storage.ledger.hold(name, payer.id, 3_000)
        await storage.ledger.settle(settlement(name, payer.id, 3_000, custom=CUSTOM))
    before = await storage.enrichments.get("e1", payer.id)
    untouched = await storage.enrichments.get("e2", payer.id)
    assert before

    late = replace(ATTEMPT, provider="prospeo", outcome="missing", accepted=False, values=())
    await storage.enrichments.replace_attempts("e1", [ATTEMPT, late])

    after = await storage.enrichments.get("e1", payer.id)
    assert after
    assert [each.provider for each in after.record.attempts] == ["hunter", "prospeo"]
    after.record.attempts = before.record.attempts
    assert after == before
    assert await storage.enrichments.get("e2", payer.id) == untouched


async def test_a_settled_enrichment_survives_a_crash(backend: Backend) -> None:
    storage = backend.open()
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    await storage.ledger.settle(settlement("e1", payer.id, 3_000))
    crash(storage)

    again = backend.open()
    assert await again.ledger.release_abandoned() == 0
    assert await again.enrichments.get("e1", payer.id)
    again.close()


@pytest.mark.parametrize("size", [0, 1, 100_000])
async def test_any_custom_object_comes_back_byte_for_byte(storage: Storage, size: int) -> None:
    payer = await account(storage, credits=10_000)
    custom = b'{"key": "' + b"x" * size + b'"}'
    await storage.ledger.hold("e1", payer.id, 0)
    await storage.ledger.settle(settlement("e1", payer.id, 0, custom=custom))

    stored = await storage.enrichments.get("e1", payer.id)
    assert stored
    assert request_of(stored.record).custom == custom


async def test_what_is_queued_is_shown_as_such_and_its_hold_is_made(storage: Storage) -> None:
    payer = await account(storage, credits=10_000)

    assert await queue(storage, payer, "e1", "e2", amount=1_500) == 7_000

    assert await balance(storage, payer.id) == (7_000, 3_000)
    stored = await storage.enrichments.get("e1", payer.id)
    assert stored
    assert (stored.state, stored.finished_at, stored.charged) == ("queued", None, 0)
    assert request_of(stored.record) == REQUEST
    assert (stored.record.results, stored.record.attempts) == ({}, [])
    assert await storage.enrichments.waiting() == [payer.id]
    assert (await storage.audit()).balanced


@pytest.mark.parametrize("wrong", ["credits", "id", "claim"])
async def test_all_are_queued_or_none(storage: Storage, backend: Backend, wrong: str) -> None:
    payer = await account(storage, credits=10_000)
    claim = Claim("key", "f")
    await storage.ledger.hold("taken", payer.id, 0, claim)
    names = ["e1", "taken" if wrong == "id" else "e2"]
    reply = Reply(Claim("key" if wrong == "claim" else "another key", "f"), 200, b"{}")
    amounts = [5_000, 5_001 if wrong == "credits" else 5_000]

    with pytest.raises(Exception, match=r"insufficient_credits|UNIQUE|unique|in_use"):
        await storage.enrichments.queue([REQUEST] * 2, payer, amounts, names, "bulk", reply)

    assert await balance(storage, payer.id) == (10_000, 0)
    assert await storage.enrichments.get("e1", payer.id) is None
    assert await storage.enrichments.progress("bulk", payer.id) is None
    assert await storage.enrichments.waiting() == []
    assert await storage.idempotency.look(Claim("another key", "f")) is None
    assert (await storage.audit()).balanced


async def test_the_queue_is_taken_in_its_order_and_each_account_has_its_own(storage: Storage) -> None:
    payer, other = await account(storage, "payer", 10_000), await account(storage, "other", 10_000)
    await queue(storage, payer, "z", "a", bulk_id="bulk")
    await queue(storage, other, "theirs")
    await queue(storage, payer, "m")

    first = await storage.enrichments.take(payer.id, 2)
    assert [(each.id, each.bulk_id, each.request) for each in first] == [
        ("z", "bulk", REQUEST),
        ("a", "bulk", REQUEST),
    ]
    assert [each.id for each in await storage.enrichments.take(payer.id, 5)] == ["m"]
    assert await storage.enrichments.take(payer.id, 5) == []
    assert await storage.enrichments.waiting() == [other.id]


async def test_two_processes_take_everything_once(storage: Storage, backend: Backend) -> None:
    payer = await account(storage, credits=1_000_000)
    names = [f"e{number:02}" for number in range(60)]
    await queue(storage, payer, *names)
    other = backend.open()

    async def take_all(process: Storage) -> list[str]:
        taken: list[str] = []
        while await process.enrichments.waiting():
            taken += [each.id for each in await process.enrichments.take(payer.id, 3)]
        return taken

    found = await asyncio.gather(*map(take_all, (storage, other, storage, other)))

    assert sorted(name for each in found for name in each) == names
    assert all(each == sorted(each) for each in found)
    other.close()


async def test_what_was_put_back_is_the_first_again_and_its_hold_stays(
    storage: Storage, backend: Backend
) -> None:
    payer, other = await account(storage, credits=10_000), backend.open()
    await queue(storage, payer, "e1", "e2")
    await storage.enrichments.take(payer.id, 1)
    await other.enrichments.put_back("e1")  # it is not the one that has it
    assert [each.id for each in await other.enrichments.take(payer.id, 1)] == ["e2"]

    await storage.enrichments.put_back("e1")

    assert [each.id for each in await other.enrichments.take(payer.id, 5)] == ["e1"]
    assert await balance(storage, payer.id) == (8_000, 2_000)
    other.close()


async def test_what_was_put_off_waits_for_its_time_and_not_behind_what_came_since(
    storage: Storage, backend: Backend
) -> None:
    payer, other = await account(storage, credits=10_000), backend.open()
    await queue(storage, payer, "e1", "e2", "e3", "e4", bulk_id="bulk")
    await storage.enrichments.take(payer.id, 3)
    await other.enrichments.put_off("e1", 0.0, None, False)  # it is not the one that has it
    await storage.enrichments.put_off("e1", 2e9, 5.0, False)
    await storage.enrichments.put_off("e2", 2.0, 5.0, True)
    await storage.enrichments.put_off("e3", 1.0, None, False)

    assert await storage.enrichments.progress("bulk", payer.id) == Progress("bulk", 4, finished=0, queued=4)
    taken = await other.enrichments.take(payer.id, 5)
    assert [(each.id, each.put_off_since, each.goes_on) for each in taken] == [
        ("e3", None, False),
        ("e2", 5.0, True),
        ("e4", None, False),
    ]
    assert await storage.enrichments.waiting() == []

    await other.enrichments.put_back("e2")  # which changes nothing else
    assert await storage.enrichments.waiting() == [payer.id]
    again = await storage.enrichments.take(payer.id, 5)
    assert [(each.put_off_since, each.goes_on) for each in again] == [(5.0, True)]
    assert await balance(storage, payer.id) == (6_000, 4_000)
    assert (await storage.audit()).balanced
    other.close()


async def test_what_was_never_put_off_is_taken_whatever_the_time_is_here(
    storage: Storage, backend: Backend
) -> None:
    """The machine that queued it may be a moment ahead."""
    payer = await account(storage, credits=10_000)
    await queue(storage, payer, "e1")
    backend.tamper("UPDATE enrichments SET created_at = created_at + 5, not_before = not_before + 5")
    assert await storage.enrichments.waiting() == [payer.id]
    assert [each.id for each in await storage.enrichments.take(payer.id, 5)] == ["e1"]


async def test_what_is_released_leaves_nothing_that_names_its_person(
    storage: Storage, backend: Backend
) -> None:
    payer = await account(storage, credits=10_000)
    await queue(storage, payer, "e1")
    assert backend.rows("SELECT digest FROM subjects")
    await storage.ledger.release("e1")
    assert not backend.rows("SELECT digest FROM subjects")


async def test_a_bulk_tells_how_far_it_has_come_to_its_owner(storage: Storage) -> None:
    payer, other = await account(storage, "payer", 10_000), await account(storage, "other")
    await queue(storage, payer, "e1", "e2", "e3", "e4", bulk_id="bulk")
    assert await storage.enrichments.progress("bulk", payer.id) == Progress("bulk", 4, finished=0, queued=4)

    await storage.enrichments.take(payer.id, 3)
    await storage.ledger.settle(settlement("e1", payer.id, 500))
    await storage.ledger.settle(settlement("e2", payer.id, 0))

    assert await storage.enrichments.progress("bulk", payer.id) == Progress("bulk", 4, finished=2, queued=1)
    assert await storage.enrichments.progress("bulk", other.id) is None
    assert await storage.enrichments.progress("no such", payer.id) is None
    stored = await storage.enrichments.get("e1", payer.id)
    assert stored
    assert (stored.state, stored.bulk_id, stored.charged) == ("finished", "bulk", 500)


async def test_what_a_dead_owner_had_taken_goes_back_to_the_queue_with_its_hold(
    storage: Storage, backend: Backend
) -> None:
    payer, dying = await account(storage, credits=10_000), backend.open()
    await queue(storage, payer, "e1", "e2", "e3", amount=1_000)
    assert len(await dying.enrichments.take(payer.id, 2)) == 2
    await storage.enrichments.take(payer.id, 1)
    await dying.ledger.hold("at once", payer.id, 500)
    crash(dying)

    assert await storage.ledger.release_abandoned() == 3

    assert await balance(storage, payer.id) == (7_000, 3_000)
    assert [each.id for each in await storage.enrichments.take(payer.id, 5)] == ["e1", "e2"]
    await storage.ledger.settle(settlement("e1", payer.id, 1_000))
    assert await balance(storage, payer.id) == (7_000, 2_000)
    assert (await storage.audit()).balanced


async def test_whoever_was_believed_dead_and_settles_nevertheless_is_paid_once(
    storage: Storage, backend: Backend
) -> None:
    payer, believed_dead = await account(storage, credits=10_000), backend.open()
    await queue(storage, payer, "e1", amount=1_000)
    await believed_dead.enrichments.take(payer.id, 1)
    await storage.ledger._release_all_of(believed_dead.owner.id)
    assert [each.id for each in await storage.enrichments.take(payer.id, 1)] == ["e1"]

    assert await believed_dead.ledger.settle(settlement("e1", payer.id, 400)) == 9_600
    assert await storage.ledger.settle(settlement("e1", payer.id, 1_000)) == 9_600

    assert (await storage.audit()).balanced
    believed_dead.close()


async def queue(
    storage: Storage, payer: Account, *names: str, amount: int = 1_000, bulk_id: str | None = None
) -> int:
    """Queue the same request under each name; returns what is then available."""
    many = len(names)
    return await storage.enrichments.queue([REQUEST] * many, payer, [amount] * many, names, bulk_id)
