"""What is overdue is gone, whatever happened since it was first collected."""

from collections.abc import Iterator

import pytest

from headrace.domain.model import EnrichmentRequest, Field
from headrace.operate.ports import OPERATOR, Judgement
from headrace.storage.opening import Storage, open_storage
from headrace.storage.retention import Periods
from tests.engine.clocks import HandClock
from tests.privacy.people import ADA, Person, enriched, remembered
from tests.storage.backends import Backend
from tests.storage.making import account
from tests.storage.opened import location_of

DAY = 86_400.0
FORTNIGHTS = 4 * 26
KEPT = Periods(results=30, answers=90, audit=365)

OVERDUE = """
    SELECT 'results', COUNT(*) FROM enrichments WHERE record IS NOT NULL AND created_at < :results
    UNION ALL SELECT 'webhooks', COUNT(*) FROM webhook_deliveries
        WHERE record IS NOT NULL AND created_at < :results
    UNION ALL SELECT 'pending', COUNT(*) FROM webhook_deliveries
        WHERE state = 'pending' AND created_at < :results
    UNION ALL SELECT 'replies', COUNT(*) FROM idempotency_keys WHERE expires_at < :now
    UNION ALL SELECT 'answers', COUNT(*) FROM answers WHERE first_obtained_at < :answers
    UNION ALL SELECT 'audit', COUNT(*) FROM audit_log WHERE at < :audit
    UNION ALL SELECT 'subjects', COUNT(*) FROM subjects WHERE record_id NOT IN
        (SELECT id FROM enrichments WHERE record IS NOT NULL UNION SELECT id FROM answers)
"""


@pytest.fixture
def clock() -> HandClock:
    made = HandClock()
    made.now = 1_900_000_000.0
    return made


@pytest.fixture
def kept(backend: Backend, clock: HandClock) -> Iterator[Storage]:
    opened = open_storage(location_of(backend.url), None, (), clock)
    yield opened
    opened.close()


def overdue(backend: Backend, now: float) -> dict[str, int]:
    found = backend.rows(
        OVERDUE,
        now=now,
        results=now - KEPT.results * DAY,
        answers=now - KEPT.answers * DAY,
        audit=now - KEPT.audit * DAY,
    )
    return {kind: count for kind, count in found if count}


async def test_in_four_years_nothing_is_ever_overdue(
    kept: Storage, backend: Backend, clock: HandClock
) -> None:
    acme = await account(kept, credits=10_000_000)
    forgotten = 0
    for fortnight in range(FORTNIGHTS):
        person = Person(f"First{fortnight}", f"Last{fortnight}", "acme.example", f"+336{fortnight:08}")
        await enriched(kept, acme, person, webhook=fortnight % 3 == 0, key=f"key-{fortnight}")
        await remembered(kept, person, at=clock.now)
        await remembered(kept, ADA, at=clock.now)  # refreshed every time
        await kept.audit_log.record(OPERATOR, "key.create", str(fortnight))
        forgotten += (await kept.retention.purge(KEPT)).results
        assert overdue(backend, clock.now) == {}
        clock.move(14 * DAY)

    assert FORTNIGHTS - 4 < forgotten < FORTNIGHTS
    assert (await kept.audit_log.verify()).broken_at is None
    assert (await kept.audit()).balanced
    assert backend.rows("SELECT COUNT(*) FROM enrichments") == [(FORTNIGHTS,)]


async def test_a_refresh_does_not_prolong(kept: Storage, clock: HandClock) -> None:
    question = await remembered(kept, ADA, at=clock.now)
    clock.move(89 * DAY)
    await remembered(kept, ADA, at=clock.now)
    await kept.retention.purge(KEPT)
    assert await kept.remembered.recall(question)
    clock.move(1.1 * DAY)
    await kept.retention.purge(KEPT)
    assert await kept.remembered.recall(question) is None


async def test_what_waits_for_longer_than_results_are_kept_ends_for_nothing(
    kept: Storage, backend: Backend, clock: HandClock
) -> None:
    """As it does where no vendor is left that could be asked."""
    acme = await account(kept, credits=90_000)
    request = EnrichmentRequest(ADA.contact, (Field.EMAIL,))
    await kept.enrichments.queue([request], acme, [3_000], ["old"])
    clock.move(20 * DAY)
    await kept.enrichments.queue([request], acme, [3_000], ["new"])
    clock.move(11 * DAY)
    assert (await kept.retention.purge(KEPT)).results == 1

    assert backend.rows("SELECT state, charged, record FROM enrichments WHERE id = 'old'") == [
        ("finished", 0, None)
    ]
    assert not backend.rows("SELECT digest FROM subjects WHERE record_id = 'old'")
    assert [each.id for each in await kept.enrichments.take(acme.id, 5)] == ["new"]
    audited = await kept.audit()
    assert (audited.balanced, audited.held) == (True, 3_000)


async def test_a_webhook_that_was_never_delivered_ends_with_its_record(
    kept: Storage, backend: Backend, clock: HandClock
) -> None:
    acme = await account(kept, credits=90_000)
    await enriched(kept, acme, ADA, webhook=True)
    clock.move(31 * DAY)
    await kept.retention.purge(KEPT)

    assert backend.rows("SELECT state, record, next_at FROM webhook_deliveries") == [("failed", None, None)]
    assert await kept.webhooks.next_due() is None


async def test_many_are_forgotten_in_batches_and_counted(kept: Storage, clock: HandClock) -> None:
    acme = await account(kept, credits=10_000_000)
    for number in range(600):
        await enriched(kept, acme, Person("A", "B", f"c{number}.example", "+33612300001"), found=False)
    clock.move(31 * DAY)
    seen: list[tuple[str, int]] = []
    purged = await kept.retention.purge(KEPT, lambda kind, count: seen.append((kind, count)))

    assert purged.results == 600
    assert seen == [("results", 500), ("results", 600)]
    assert (await kept.retention.purge(KEPT)).results == 0


async def test_a_reported_outcome_is_kept_as_long_as_a_record(
    kept: Storage, backend: Backend, clock: HandClock
) -> None:
    told = Judgement(f"email:{ADA.email}", delivered=False, stated=0.9, words=())
    assert await kept.outcomes.count([told], OPERATOR) == [True]
    clock.move(29 * DAY)
    assert (await kept.retention.purge(KEPT)).outcomes == 0
    assert await kept.outcomes.count([told], OPERATOR) == [False]
    clock.move(2 * DAY)
    assert (await kept.retention.purge(KEPT)).outcomes == 1
    assert backend.rows("SELECT COUNT(*) FROM outcomes") == [(0,)]
    assert backend.rows("SELECT COUNT(*) FROM calibration") == [(1,)]
