"""Opens what the settings name: a file with its keys beside it, or a server's database."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.domain.errors import Problem
from headrace.ports import Clock
from headrace.storage import schema
from headrace.storage.accounts import ANY_KEY, SqlAccounts
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database
from headrace.storage.enrichments import SqlEnrichments
from headrace.storage.idempotency import SqlIdempotency
from headrace.storage.keys import KeySmith, pepper_beside
from headrace.storage.ledger import SqlLedger
from headrace.storage.owner import FileOwner, Owner
from headrace.storage.sqlite import SqliteDatabase
from headrace.storage.vault import ConfiguredKeys, KeyFile, Keyring, Vault
from headrace.storage.webhooks import SqlWebhooks

ANY_RECORD = "SELECT 1 FROM enrichments WHERE record IS NOT NULL AND SUBSTR(record, 1, 1) = :seal LIMIT 1"
_SEAL = b"g"  # what every sealed record begins with


@dataclass(frozen=True, slots=True)
class Storage:
    """The database and what is kept in it."""

    location: schema.Location
    database: Database
    owner: Owner
    vault: Vault
    audit_log: AuditLog
    accounts: SqlAccounts
    ledger: SqlLedger
    enrichments: SqlEnrichments
    idempotency: SqlIdempotency
    webhooks: SqlWebhooks

    async def answers(self) -> bool:
        """Whether the database can be read."""
        try:
            await self.database.read("SELECT 1 FROM accounts LIMIT 1", {})
        except Problem:
            return False
        return True

    def close(self) -> None:
        """A database whose server is away is let go of all the same."""
        try:
            self.owner.close()
        finally:
            self.database.close()


def open_storage(
    location: schema.Location, pepper: bytes | None, encryption_keys: Sequence[str], clock: Clock
) -> Storage:
    """Open the database, creating or migrating it where needed. Raises `Unusable`."""
    schema.upgrade(location)
    if isinstance(location, Path):
        return _open_file(location, pepper, encryption_keys, clock)
    return _open_server(location, pepper, encryption_keys, clock)


def _open_file(path: Path, pepper: bytes | None, encryption_keys: Sequence[str], clock: Clock) -> Storage:
    database = SqliteDatabase(path)
    try:
        pepper = pepper or pepper_beside(path, keys_exist=bool(database.look(ANY_KEY, {})))
        keyring: Keyring
        if encryption_keys:
            keyring = ConfiguredKeys(encryption_keys)
        else:
            sealed = bool(database.look(ANY_RECORD, {"seal": _SEAL}))
            keyring = KeyFile(keys_beside(path), may_make=not sealed)
        owner = FileOwner(path.with_name(f"{path.name}.owners"))
    except BaseException:
        database.close()
        raise
    return _assemble(path, database, owner, Vault(pepper, keyring), clock)


def _open_server(url: str, pepper: bytes | None, encryption_keys: Sequence[str], clock: Clock) -> Storage:
    # Imported here: one file needs none of these.
    from headrace.storage.postgres import PostgresDatabase  # noqa: PLC0415
    from headrace.storage.postgres_owner import PostgresOwner  # noqa: PLC0415
    from headrace.storage.secrets import KeyTable, kept_pepper  # noqa: PLC0415

    database = PostgresDatabase(url)
    try:
        pepper = pepper or kept_pepper(database)
        keyring = ConfiguredKeys(encryption_keys) if encryption_keys else KeyTable(database)
        owner = PostgresOwner(database)
    except BaseException:
        database.close()
        raise
    return _assemble(url, database, owner, Vault(pepper, keyring), clock)


def keys_beside(path: Path) -> Path:
    """The file with the keys that records are sealed with."""
    return path.with_name(f"{path.name}.seal")


def _assemble(
    location: schema.Location, database: Database, owner: Owner, vault: Vault, clock: Clock
) -> Storage:
    return Storage(
        location=location,
        database=database,
        owner=owner,
        vault=vault,
        audit_log=AuditLog(database, vault, clock),
        accounts=SqlAccounts(database, KeySmith(vault.pepper), clock),
        ledger=SqlLedger(database, owner, vault, clock),
        enrichments=SqlEnrichments(database, owner, vault, clock),
        idempotency=SqlIdempotency(database, owner, vault, clock),
        webhooks=SqlWebhooks(database, vault, clock),
    )
