"""Opens what the settings name: a file with its keys beside it, or a server's database."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.domain.errors import Problem
from headrace.ports import Clock
from headrace.storage import schema, vendor_keys
from headrace.storage.accounts import SqlAccounts
from headrace.storage.admin_keys import SqlAdminKeys
from headrace.storage.answers import SqlAnswers
from headrace.storage.audit import Audit, audit, recompute
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Row
from headrace.storage.enrichments import SqlEnrichments
from headrace.storage.erasure import Eraser
from headrace.storage.habits import SqlHabits
from headrace.storage.idempotency import SqlIdempotency
from headrace.storage.keys import ADMIN_KEY, ANY_USE, KeySmith, pepper_beside, pepper_file
from headrace.storage.knowledge import SqlKnowledge
from headrace.storage.ledger import SqlLedger
from headrace.storage.outcomes import SqlOutcomes
from headrace.storage.owner import FileOwner, Owner
from headrace.storage.privacy import SqlPersons
from headrace.storage.proof import prove_keys, prove_pepper
from headrace.storage.reputation import SqlReputation
from headrace.storage.retention import Retention
from headrace.storage.sealing import FIRST_MARK, MARK, new_key
from headrace.storage.sqlite import SqliteDatabase, look_only
from headrace.storage.suppressions import SqlSuppressions
from headrace.storage.vault import ConfiguredKeys, KeyFile, Keyring, Vault
from headrace.storage.vendor_keys import SqlVendorKeys
from headrace.storage.webhooks import SqlWebhooks

ANY_RECORD = """
    SELECT 1 FROM enrichments WHERE record IS NOT NULL AND SUBSTR(record, 1, 1) IN (:mark, :first)
    UNION ALL SELECT 1 FROM accounts WHERE webhook_secrets IS NOT NULL
    UNION ALL SELECT 1 FROM vendor_keys LIMIT 1
"""

_PEPPER, _KEYS = "security.pepper", "security.encryption_keys"


@dataclass(frozen=True, slots=True)
class Storage:
    """The database and what is kept in it."""

    location: schema.Location
    database: Database
    owner: Owner
    vault: Vault
    audit_log: AuditLog
    accounts: SqlAccounts
    admin_keys: SqlAdminKeys
    ledger: SqlLedger
    enrichments: SqlEnrichments
    remembered: SqlAnswers
    knowledge: SqlKnowledge
    habits: SqlHabits
    reputation: SqlReputation
    outcomes: SqlOutcomes
    idempotency: SqlIdempotency
    webhooks: SqlWebhooks
    suppressions: SqlSuppressions
    persons: SqlPersons
    retention: Retention
    vendor_keys: SqlVendorKeys

    async def answers(self) -> bool:
        """Whether the database can be read, and what would begin could be written."""
        try:
            self.database.check_room()
            await self.database.read("SELECT 1 FROM accounts LIMIT 1", {})
        except Problem:
            return False
        return True

    async def audit(self) -> Audit:
        """Recompute the books, as of one moment."""
        return await audit(self.database)

    def close(self) -> None:
        """A database whose server is away is let go of all the same."""
        try:
            self.owner.close()
        finally:
            self.database.close()


def open_storage(
    location: schema.Location,
    pepper: bytes | None,
    encryption_keys: Sequence[str],
    clock: Clock,
    consent_version: str = "1",
    *,
    keys_lost: bool = False,
) -> Storage:
    """Open the database, creating or migrating it where needed. `keys_lost`: also where no key is there that
    opens what is stored, for giving that up. Raises `Unusable`."""
    schema.upgrade(location)
    if isinstance(location, Path):
        opened = _open_file(location, pepper, encryption_keys, keys_lost)
    else:
        opened = _open_server(location, pepper, encryption_keys, keys_lost)
    return _assemble(location, *opened, clock, consent_version)


async def audit_as_it_is(location: schema.Location) -> Audit:
    """Recompute the books of a database that is neither created nor migrated for it, without its keys: a copy
    can be verified anywhere. Raises `Unusable`."""
    schema.check(location)
    if isinstance(location, Path):
        return look_only(location, recompute)
    from headrace.storage.postgres import PostgresDatabase  # noqa: PLC0415

    database = PostgresDatabase(location)
    try:
        return await audit(database)
    finally:
        database.close()


def _open_file(
    path: Path, pepper: bytes | None, encryption_keys: Sequence[str], keys_lost: bool
) -> tuple[Database, Owner, Vault, list[Row]]:
    database = SqliteDatabase(path)
    pepper_at = _PEPPER if pepper else str(pepper_file(path))
    keys_at = _KEYS if encryption_keys else str(keys_beside(path))
    try:
        database.check_writable()
        pepper = pepper or pepper_beside(path, in_use=bool(database.look(ANY_USE, {})))
        keyring = ConfiguredKeys(encryption_keys) if encryption_keys else _file(path, database, keys_lost)
        vault = Vault(pepper, keyring)
        prove_pepper(database, vault, pepper_at)
        if not keys_lost:
            prove_keys(database, vault, keys_at)
        database.need(vault.check)
        entered = database.look(vendor_keys.ALL, {})
        owner = FileOwner(path.with_name(f"{path.name}.owners"), beside=path)
    except BaseException:
        database.close()
        raise
    return database, owner, vault, entered


def _open_server(
    url: str, pepper: bytes | None, encryption_keys: Sequence[str], keys_lost: bool
) -> tuple[Database, Owner, Vault, list[Row]]:
    # Imported here: one file needs none of these.
    from headrace.storage.postgres import PostgresDatabase  # noqa: PLC0415
    from headrace.storage.postgres_owner import PostgresOwner  # noqa: PLC0415
    from headrace.storage.secrets import KeyTable, kept_pepper  # noqa: PLC0415

    database = PostgresDatabase(url)
    try:
        database.check_writable()
        pepper = pepper or kept_pepper(database)
        keyring = ConfiguredKeys(encryption_keys) if encryption_keys else KeyTable(database)
        vault = Vault(pepper, keyring)
        prove_pepper(database, vault, _PEPPER)
        if not keys_lost:
            prove_keys(database, vault, _KEYS)
        entered = database.look(vendor_keys.ALL, {})
        owner = PostgresOwner(database)
    except BaseException:
        database.close()
        raise
    return database, owner, vault, entered


def _file(path: Path, database: SqliteDatabase, keys_lost: bool) -> Keyring:
    """The keys beside the database file. Where that file is lost too, a key that opens nothing: the next
    start makes the file, once there is nothing left that it would have to open."""
    keys_at = keys_beside(path)
    if keys_lost and not keys_at.exists():
        return ConfiguredKeys([new_key().decode()])
    sealed = bool(database.look(ANY_RECORD, {"mark": MARK, "first": FIRST_MARK}))
    return KeyFile(keys_at, may_make=not sealed, beside=path)


def keys_beside(path: Path) -> Path:
    """The file with the keys that records are sealed with."""
    return path.with_name(f"{path.name}.seal")


def _assemble(
    location: schema.Location,
    database: Database,
    owner: Owner,
    vault: Vault,
    entered: list[Row],
    clock: Clock,
    consent_version: str,
) -> Storage:
    audit_log = AuditLog(database, vault, clock)
    suppressions = SqlSuppressions(database, vault, clock, audit_log)
    reputation = SqlReputation(database, clock)
    ledger = SqlLedger(database, owner, vault, clock, audit_log)
    eraser = Eraser(location, database, vault, clock, audit_log, suppressions, ledger)
    return Storage(
        location=location,
        database=database,
        owner=owner,
        vault=vault,
        audit_log=audit_log,
        accounts=SqlAccounts(database, KeySmith(vault.pepper), clock, audit_log, consent_version),
        admin_keys=SqlAdminKeys(database, KeySmith(vault.pepper, ADMIN_KEY), clock, audit_log),
        ledger=ledger,
        enrichments=SqlEnrichments(database, owner, vault, clock),
        remembered=SqlAnswers(database, vault),
        knowledge=SqlKnowledge(database, vault),
        habits=SqlHabits(database, vault),
        reputation=reputation,
        outcomes=SqlOutcomes(database, vault, clock, audit_log, reputation),
        idempotency=SqlIdempotency(database, owner, vault, clock),
        webhooks=SqlWebhooks(database, vault, clock, audit_log),
        suppressions=suppressions,
        persons=SqlPersons(database, vault, audit_log, eraser),
        retention=Retention(database, clock, audit_log),
        vendor_keys=SqlVendorKeys(database, vault, clock, audit_log, entered),
    )
