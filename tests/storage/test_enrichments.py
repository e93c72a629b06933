"""Stored enrichments: whole, and for their owner only."""

from dataclasses import replace

import pytest

from headrace.domain.model import Field
from headrace.record import request_of
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.making import ATTEMPT, account, crash, settlement

pytestmark = pytest.mark.usefixtures("certain")

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
