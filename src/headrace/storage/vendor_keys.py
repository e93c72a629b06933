"""Vendors' keys that were entered rather than configured; sealed."""

from collections.abc import Mapping

import msgspec

from headrace.ports import Clock
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.vault import Vault

ALL = "SELECT provider, credentials FROM vendor_keys"
_SET = """
    INSERT INTO vendor_keys (provider, credentials, updated_at) VALUES (:provider, :credentials, :at)
    ON CONFLICT (provider) DO UPDATE SET credentials = excluded.credentials, updated_at = excluded.updated_at
"""
_REMOVE = "DELETE FROM vendor_keys WHERE provider = :provider RETURNING provider"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


class SqlVendorKeys:
    """Credentials by vendor and name. `rows` are those that were there when the database was opened: a
    process uses them until its end."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, audit_log: AuditLog, rows: list[Row]
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._audit_log = audit_log
        self._rows = rows

    def at_start(self) -> dict[str, dict[str, str]]:
        """Raises `Unusable`."""
        return {row[0]: _decode(self._vault.open(row[1])) for row in self._rows}

    async def set(self, provider: str, credentials: Mapping[str, str], actor: str) -> None:
        sealed = self._vault.seal(_encode(credentials))
        row = {"provider": provider, "credentials": sealed, "at": self._clock.wall()}

        def operation() -> Steps[None]:
            yield Statement(_SET, row)
            yield from self._audit_log.line(actor, "vendor_key.set", provider)

        await self._database.write(operation)

    async def remove(self, provider: str, actor: str) -> bool:
        """False when there is none."""

        def operation() -> Steps[bool]:
            removed = yield Statement(_REMOVE, {"provider": provider})
            if removed:
                yield from self._audit_log.line(actor, "vendor_key.remove", provider)
            return bool(removed)

        return await self._database.write(operation)
