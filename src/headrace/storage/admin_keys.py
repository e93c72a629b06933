"""Keys of operators."""

from collections.abc import Sequence

from headrace.operate.model import KeyInfo, NewKey
from headrace.operate.ports import OPERATOR
from headrace.ports import Clock
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Statement, Steps
from headrace.storage.keys import KeySmith

_DIGEST = "SELECT digest FROM admin_keys WHERE id = :key AND revoked_at IS NULL"
_ADD = "INSERT INTO admin_keys (id, digest, created_at) VALUES (:id, :digest, :at)"
_ALL = "SELECT id, created_at, revoked_at FROM admin_keys ORDER BY created_at"
_REVOKE = "UPDATE admin_keys SET revoked_at = :at WHERE id = :key AND revoked_at IS NULL RETURNING id"


class SqlAdminKeys:
    """`operate.ports.AdminKeys`."""

    def __init__(self, database: Database, keys: KeySmith, clock: Clock, audit_log: AuditLog) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._audit_log = audit_log

    async def id_of(self, text: str) -> str | None:
        parts = self._keys.split(text)
        if parts is None:
            return None
        key_id, secret = parts
        rows = await self._database.read(_DIGEST, {"key": key_id})
        # An unknown id is compared too, so that the time taken does not tell which ids exist.
        return key_id if self._keys.matches(secret, bytes(rows[0][0]) if rows else b"") else None

    async def create(self, actor: str = OPERATOR) -> NewKey:
        key, at = self._keys.make(), self._clock.wall()

        def operation() -> Steps[None]:
            yield Statement(_ADD, {"id": key.id, "digest": key.digest, "at": at})
            yield from self._audit_log.line(actor, "admin_key.create", key.id)

        await self._database.write(operation)
        return key

    async def all(self) -> Sequence[KeyInfo]:
        return [KeyInfo(*row) for row in await self._database.read(_ALL, {})]

    async def revoke(self, key_id: str, actor: str = OPERATOR) -> bool:
        at = self._clock.wall()

        def operation() -> Steps[bool]:
            revoked = yield Statement(_REVOKE, {"key": key_id, "at": at})
            if revoked:
                yield from self._audit_log.line(actor, "admin_key.revoke", key_id)
            return bool(revoked)

        return await self._database.write(operation)
