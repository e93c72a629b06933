"""Once the keys are lost for good, what they sealed is given up, and nothing else."""

import pytest

from headrace.domain.model import Account, EnrichmentRequest, Field
from headrace.engine.clock import SystemClock
from headrace.operate.ports import OPERATOR
from headrace.ports import Claim
from headrace.storage.errors import Unusable
from headrace.storage.giving_up import GivingUp
from headrace.storage.opening import Storage, keys_beside, open_storage
from headrace.storage.sealed_columns import SEALED
from headrace.storage.sealing import new_key
from tests.privacy.people import ADA, begun, enriched
from tests.privacy.test_rotation import filled
from tests.storage.backends import Backend, SqliteBackend
from tests.storage.making import crash, until
from tests.storage.opened import location_of

PEPPER = b"p" * 32
KEY, OTHER = new_key().decode(), new_key().decode()


def opened(backend: Backend, *keys: str, lost: bool = False) -> Storage:
    return open_storage(location_of(backend.url), PEPPER, keys, SystemClock(), keys_lost=lost)


def giving_up(storage: Storage) -> GivingUp:
    return GivingUp(
        storage.database, storage.vault, storage.owner.fence, SystemClock(), storage.audit_log, storage.ledger
    )


async def filled_and_closed(backend: Backend) -> Account:
    """Something in every sealed column, and something in every state."""
    storage = opened(backend, KEY)
    acme = await storage.accounts.get((await filled(storage))[0])
    request = EnrichmentRequest(ADA.contact, (Field.EMAIL,))
    await storage.enrichments.queue([request, request], acme, [3_000, 3_000], ["waits", "taken"])
    await storage.enrichments.take(acme.id, 1)
    await begun(storage, acme)
    crash(storage)
    return acme


async def give_up(storage: Storage) -> None:
    """All of it: that a process is dead shows after a moment on PostgreSQL."""

    async def nothing_left() -> bool:
        await giving_up(storage).give_up(OPERATOR)
        return (await giving_up(storage).look()).total == 0

    await until(nothing_left)


def sealed_rows(backend: Backend) -> dict[str, int]:
    counted = {
        each.table: backend.rows(f"SELECT COUNT(*) FROM {each.table} WHERE {each.column} IS NOT NULL")[0][0]
        for each in SEALED
    }
    return {table: count for table, count in counted.items() if count}


async def test_looking_changes_nothing(fresh: Backend) -> None:
    await filled_and_closed(fresh)
    before = sealed_rows(fresh)
    with pytest.raises(Unusable, match="see headrace db give-up"):
        opened(fresh, OTHER)
    storage = opened(fresh, OTHER, lost=True)
    closed = await giving_up(storage).look()
    storage.close()
    assert closed.rows == before == sealed_rows(fresh)
    assert closed.total == closed.all == sum(before.values())
    assert (len(closed.accounts), closed.vendors) == (1, ["hunter"])


async def test_all_that_the_lost_keys_sealed_goes_and_the_books_stay(fresh: Backend) -> None:
    acme = await filled_and_closed(fresh)
    storage = opened(fresh, OTHER, lost=True)
    await give_up(storage)
    storage.close()

    assert not sealed_rows(fresh)
    assert not fresh.rows("SELECT * FROM subjects")
    assert not fresh.rows("SELECT id FROM webhook_deliveries WHERE state = 'pending'")
    storage = opened(fresh, OTHER)
    audited = await storage.audit()
    assert (audited.balanced, audited.held) == (True, 0)
    assert not await storage.enrichments.take(acme.id, 5)
    assert [each.action for each in await storage.audit_log.entries(most=1)] == ["records.give_up"]
    assert (await storage.audit_log.verify()).broken_at is None
    anew = await enriched(storage, acme, ADA, key="k1")
    assert await storage.enrichments.get(anew, acme.id)
    assert (await giving_up(storage).look()).total == 0
    storage.close()


async def test_what_a_key_opens_stays(fresh: Backend) -> None:
    acme = await filled_and_closed(fresh)
    storage = opened(fresh, OTHER, KEY)
    hers = await enriched(storage, acme, ADA, webhook=True, key="k2")
    storage.close()
    storage = opened(fresh, OTHER, lost=True)
    await give_up(storage)
    assert sealed_rows(fresh) == {"enrichments": 1, "webhook_deliveries": 1, "idempotency_keys": 1}
    stored = await storage.enrichments.get(hers, acme.id)
    assert stored
    assert stored.record.request.first_name == ADA.first
    assert await storage.idempotency.look(Claim(f"{acme.id}:k2", "the same"))
    assert len(fresh.rows("SELECT DISTINCT record_id FROM subjects")) == 1
    storage.close()


async def test_a_lost_file_is_made_again_once_nothing_needs_it(sqlite: SqliteBackend) -> None:
    storage = opened(sqlite)
    await filled(storage)
    storage.close()
    keys = keys_beside(sqlite.path)
    keys.unlink()
    with pytest.raises(Unusable, match="see headrace db give-up"):
        opened(sqlite)
    storage = opened(sqlite, lost=True)
    assert not keys.exists(), "the file that was lost can still be put back"
    await give_up(storage)
    storage.close()
    opened(sqlite).close()
    assert keys.exists()
