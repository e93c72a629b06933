"""Seals everything with a new key while servers run, and retires the old ones."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable

import structlog

from headrace.ports import Fence
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Each, Row, Steps
from headrace.storage.errors import Unusable
from headrace.storage.sealed_columns import SEALED, Sealed
from headrace.storage.sealing import new_key
from headrace.storage.vault import Vault

SEEN = 2.5
"""Seconds within which every process has looked at the keys; each looks once a second."""

_WRITTEN = 5.0
"""Seconds within which what was sealed before is written: longer no database makes anybody wait."""

_LOOK_AGAIN = 0.1
"""Seconds between two looks for keys that this process has set."""


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
    where they may still be needed: for `late` rows, which somebody sealed with an old key when all should
    have known the new one, or for `unreadable` ones, which no key opens."""

    resealed: int
    retired: int
    unreadable: int = 0
    late: int = 0

    @property
    def needs_old_keys(self) -> bool:
        return bool(self.late or self.unreadable)


class _Seen(NamedTuple):
    """What came of some rows that were not sealed with the newest key."""

    resealed: int
    unreadable: int


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
            await self._read_back(new)
            rotated = await self._seal_anew(actor, progress)
            if rotated.needs_old_keys:
                log.error("old_keys_kept", late=rotated.late, unreadable=rotated.unreadable)
                return rotated
            await keyring.replace([new])
            log.info("keys_rotated", resealed=rotated.resealed, retired=len(old))
            return replace(rotated, retired=len(old))

    async def _read_back(self, new: bytes) -> None:
        """This process seals with the new key for certain, however long it was held up: else all would be
        found sealed as it should be, with the old one."""
        while self._vault.keyring.keys()[0] != new:
            self._vault.check()
            await asyncio.sleep(_LOOK_AGAIN)

    async def _seal_anew(self, actor: str, progress: Progress) -> Rotated:
        """Twice, with time for a write in between: what there is to do again was sealed by somebody who does
        not know the newest key."""
        first = await self._pass(progress)
        await asyncio.sleep(SEEN + _WRITTEN)
        last = await self._pass(progress)
        newest = self._vault.digest(f"key:{self._vault.keyring.keys()[0].decode()}").hex()
        await self._audit_log.record(actor, "keys.rotate", newest)
        return Rotated(first.resealed + last.resealed, 0, last.unreadable, last.resealed)

    async def _pass(self, progress: Progress) -> _Seen:
        resealed = unreadable = 0
        for sealed in SEALED:
            looked_at = 0
            async for rows in sealed.pages(self._database):
                seen = await self._reseal(sealed, rows)
                resealed += seen.resealed
                unreadable += seen.unreadable
                looked_at += len(rows)
                progress(sealed.table, looked_at)
        return _Seen(resealed, unreadable)

    async def _reseal(self, sealed: Sealed, rows: list[Row]) -> _Seen:
        """One row that no key opens must not keep the others under an old key."""
        stale = [(row[0], bytes(row[1])) for row in rows if not self._vault.is_newest(bytes(row[1]))]
        # Only what is still as it was read: others may write, purge or erase meanwhile.
        sql = (
            f"UPDATE {sealed.table} SET {sealed.column} = :new"  # noqa: S608
            f" WHERE {sealed.key} = :key AND {sealed.column} = :old"
        )
        changes: list[dict[str, object]] = []
        for key, old in stale:
            with suppress(Unusable):
                changes.append({"key": key, "old": old, "new": self._vault.reseal(old)})

        def operation() -> Steps[None]:
            yield Each(sql, changes)

        if changes:
            await self._database.write(operation)
        return _Seen(len(changes), len(stale) - len(changes))
