"""Seals everything with a new key while servers run, and retires the old ones."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import structlog

from headrace.ports import Fence
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Each, Row, Steps
from headrace.storage.sealed_columns import SEALED, Sealed
from headrace.storage.sealing import new_key
from headrace.storage.vault import Vault

SEEN = 2.5
"""Seconds within which every process has looked at the keys; each looks once a second."""

_WRITTEN = 5.0
"""Seconds within which what was sealed before is written: longer no database makes anybody wait."""


@runtime_checkable
class Replaceable(Protocol):
    """A keyring that can be changed from here."""

    def keys(self) -> tuple[bytes, ...]: ...

    async def replace(self, keys: Sequence[bytes]) -> None: ...


Progress = Callable[[str, int], None]
"""Hears in which table how many rows were looked at so far."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many rows were sealed anew. `retired`: how many old keys are gone; 0 where keys are configured, and
    where they may still be needed, for `late` rows, which somebody sealed with an old key when all should
    have known the new one."""

    resealed: int
    retired: int
    late: int = 0


class Rotation:
    """One rotation at a time in the whole fleet. Interrupted, it leaves all keys in place; the next one
    finishes its work."""

    def __init__(self, database: Database, vault: Vault, fence: Fence, audit_log: AuditLog) -> None:
        self._database = database
        self._vault = vault
        self._fence = fence
        self._audit_log = audit_log

    async def rotate(self, actor: str, progress: Progress = lambda table, rows: None) -> Rotated:
        """Make a new key where keys are not configured, and seal everything with the newest one."""
        async with self._fence("rotate-keys"):
            keyring = self._vault.keyring
            if not isinstance(keyring, Replaceable):
                return await self._seal_anew(actor, progress)
            old, new = keyring.keys(), new_key()
            await keyring.replace([*old, new])  # it opens, everywhere, before anybody seals with it
            await asyncio.sleep(SEEN)
            await keyring.replace([new, *old])
            await asyncio.sleep(SEEN + _WRITTEN)
            rotated = await self._seal_anew(actor, progress)
            if rotated.late:
                log.error("old_keys_kept", late=rotated.late)
                return rotated
            await keyring.replace([new])
            log.info("keys_rotated", resealed=rotated.resealed, retired=len(old))
            return replace(rotated, retired=len(old))

    async def _seal_anew(self, actor: str, progress: Progress) -> Rotated:
        """Twice, with time for a write in between: what there is to do again was sealed by somebody who does
        not know the newest key."""
        resealed = await self._pass(progress)
        await asyncio.sleep(SEEN + _WRITTEN)
        late = await self._pass(progress)
        newest = self._vault.digest(f"key:{self._vault.keyring.keys()[0].decode()}").hex()
        await self._audit_log.record(actor, "keys.rotate", newest)
        return Rotated(resealed + late, retired=0, late=late)

    async def _pass(self, progress: Progress) -> int:
        resealed = 0
        for sealed in SEALED:
            seen = 0
            async for rows in sealed.pages(self._database):
                resealed += await self._reseal(sealed, rows)
                seen += len(rows)
                progress(sealed.table, seen)
        return resealed

    async def _reseal(self, sealed: Sealed, rows: list[Row]) -> int:
        stale = [(row[0], bytes(row[1])) for row in rows if not self._vault.is_newest(bytes(row[1]))]
        # Only what is still as it was read: others may write, purge or erase meanwhile.
        sql = (
            f"UPDATE {sealed.table} SET {sealed.column} = :new"  # noqa: S608
            f" WHERE {sealed.key} = :key AND {sealed.column} = :old"
        )
        changes: list[dict[str, object]] = [
            {"key": key, "old": old, "new": self._vault.reseal(old)} for key, old in stale
        ]

        def operation() -> Steps[None]:
            yield Each(sql, changes)

        if changes:
            await self._database.write(operation)
        return len(changes)
