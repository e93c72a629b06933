"""A database is opened with the pepper and the keys that it was written with, or not at all."""

import pytest

from headrace.engine.clock import SystemClock
from headrace.ports import Remembered
from headrace.storage.errors import Unusable
from headrace.storage.opening import Storage, keys_beside, open_storage
from headrace.storage.sealing import new_key
from headrace.storage.vault import write_keys
from tests.storage.backends import Backend, SqliteBackend
from tests.storage.making import account, settlement
from tests.storage.opened import location_of

PEPPER, OTHER = b"p" * 32, b"q" * 32
KEY, OTHER_KEY = new_key().decode(), new_key().decode()
FINGERPRINT = "SELECT value FROM secrets WHERE name = 'pepper_fingerprint'"


def opened(backend: Backend, pepper: bytes = PEPPER, *keys: str) -> Storage:
    """With a pepper and keys from the settings."""
    return open_storage(location_of(backend.url), pepper, keys or (KEY,), SystemClock())


async def used(backend: Backend) -> None:
    """Something depends on the pepper, and something is sealed."""
    storage = opened(backend)
    payer = await account(storage, credits=1_000)
    await storage.accounts.add_key(payer)
    await storage.ledger.hold("e1", payer.id, 100)
    await storage.ledger.settle(settlement("e1", payer.id, 0))
    storage.close()


def before_fingerprints(backend: Backend) -> None:
    """As the version before left it."""
    backend.tamper("DELETE FROM secrets WHERE name = 'pepper_fingerprint'")


async def test_another_pepper_is_refused_and_changes_nothing(fresh: Backend) -> None:
    await used(fresh)
    kept = fresh.rows(FINGERPRINT)

    with pytest.raises(Unusable, match=r"^security\.pepper: is not the pepper that this database"):
        opened(fresh, OTHER)
    assert fresh.rows(FINGERPRINT) == kept
    storage = opened(fresh)
    assert (await storage.audit_log.verify()).broken_at is None
    storage.close()


def test_a_pepper_that_nothing_depends_on_may_be_changed(fresh: Backend) -> None:
    opened(fresh, OTHER).close()
    opened(fresh).close()
    opened(fresh).close()


async def test_a_database_from_before_fingerprints_takes_the_pepper_of_its_audit_log(fresh: Backend) -> None:
    await used(fresh)
    before_fingerprints(fresh)

    with pytest.raises(Unusable, match=r"^security\.pepper: "):
        opened(fresh, OTHER)
    opened(fresh).close()
    assert len(fresh.rows(FINGERPRINT)) == 1


async def test_a_line_that_was_tampered_with_does_not_keep_the_right_pepper_out(fresh: Backend) -> None:
    await used(fresh)
    before_fingerprints(fresh)
    fresh.tamper("UPDATE audit_log SET actor = 'nobody' WHERE id = (SELECT MAX(id) FROM audit_log)")

    with pytest.raises(Unusable, match=r"^security\.pepper: "):
        opened(fresh, OTHER)
    opened(fresh).close()


async def test_where_the_audit_log_was_purged_the_fingerprint_still_tells(fresh: Backend) -> None:
    await used(fresh)
    storage = opened(fresh)
    await storage.database.write(lambda: storage.audit_log.forget_before(9e9))
    storage.close()
    assert fresh.rows("SELECT * FROM audit_log") == []

    with pytest.raises(Unusable, match=r"^security\.pepper: "):
        opened(fresh, OTHER)
    before_fingerprints(fresh)
    for pepper in (OTHER, PEPPER):  # nothing is left that could tell, so neither is taken for the right one
        opened(fresh, pepper).close()
    assert fresh.rows(FINGERPRINT) == []


async def test_keys_that_open_nothing_are_refused(fresh: Backend) -> None:
    await used(fresh)

    with pytest.raises(Unusable, match=r"^security\.encryption_keys: none of these keys opens what"):
        opened(fresh, PEPPER, OTHER_KEY)
    opened(fresh, PEPPER, OTHER_KEY, KEY).close()  # as during a rotation


async def test_a_record_whose_key_was_lost_does_not_keep_the_others_away(fresh: Backend) -> None:
    await used(fresh)
    storage = opened(fresh, PEPPER, OTHER_KEY, KEY)
    await storage.vendor_keys.set("hunter", {"api_key": "x"}, "operator")
    storage.close()

    opened(fresh).close()


async def test_keys_from_before_a_rotation_open_the_rest(fresh: Backend) -> None:
    await used(fresh)
    storage = opened(fresh, PEPPER, OTHER_KEY, KEY)
    payer = await account(storage, "second", credits=1_000)
    await storage.ledger.hold("e2", payer.id, 100)
    await storage.ledger.settle(settlement("e2", payer.id, 0))
    storage.close()

    opened(fresh).close()
    opened(fresh, PEPPER, OTHER_KEY).close()


async def test_remembered_answers_do_not_stop_a_start(fresh: Backend) -> None:
    storage = opened(fresh)
    answer = Remembered(b"{}", found=True, obtained_at=1.0)
    await storage.remembered.remember(b"question", answer, ("email:jane@acme.example",))
    storage.close()

    opened(fresh, PEPPER, OTHER_KEY).close()


def test_where_nothing_is_sealed_keys_may_be_changed(fresh: Backend) -> None:
    opened(fresh).close()
    opened(fresh, PEPPER, OTHER_KEY).close()


async def test_once_records_are_purged_something_else_that_is_sealed_tells(fresh: Backend) -> None:
    await used(fresh)
    storage = opened(fresh)
    await storage.vendor_keys.set("hunter", {"api_key": "x"}, "operator")
    storage.close()
    fresh.tamper("UPDATE enrichments SET record = NULL")

    with pytest.raises(Unusable, match=r"^security\.encryption_keys: "):
        opened(fresh, PEPPER, OTHER_KEY)


async def test_files_with_another_pepper_or_key_are_named(sqlite: SqliteBackend) -> None:
    storage = sqlite.open()
    payer = await account(storage, credits=1_000)
    await storage.ledger.hold("e1", payer.id, 100)
    await storage.ledger.settle(settlement("e1", payer.id, 0))
    storage.close()
    pepper = sqlite.path.with_name("headrace.db.key")
    right = pepper.read_text()

    pepper.write_text("ab" * 32)
    with pytest.raises(Unusable, match=r"headrace\.db\.key: is not the pepper"):
        sqlite.open()
    pepper.write_text(right)
    write_keys(keys_beside(sqlite.path), [OTHER_KEY.encode()])
    with pytest.raises(Unusable, match=r"headrace\.db\.seal: none of these keys"):
        sqlite.open()
