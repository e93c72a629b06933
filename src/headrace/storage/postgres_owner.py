"""Owners of a fleet: locks that PostgreSQL drops when a process's connection ends."""

import asyncio
import hashlib
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import asyncpg

from headrace.engine.ids import new_id
from headrace.storage.postgres import PostgresDatabase

_CERTAINTY = 2.0
"""Seconds for which an owner's lock must be free before it counts as dead: a living one whose connection
broke takes its lock again sooner than that."""

_RETURN = 5.0
"""After a restart the server has no locks; its owners get so many seconds to take them again."""

_BEAT = 0.5
"""Seconds between two looks at the own connection."""

_UPTIME = """
    SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp() - pg_postmaster_start_time()) AS float8) AS seconds
"""
_TAKEN = """
    SELECT (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) AS number FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_KEEP_ALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "2"}


class PostgresOwner:
    """`Owner` on advisory locks of one connection, which is made again whenever it breaks."""

    def __init__(self, database: PostgresDatabase) -> None:
        self.id = new_id()
        self._database = database
        self._names = [self.id]
        self._free_since: dict[str, float] = {}
        self._connection: asyncpg.Connection[Any] = database.call(self._lock_all())
        self._keeper = database.start(self._keep())

    async def dead(self, holding: Iterable[str]) -> set[str]:
        return await self._database.elsewhere(self._dead(set(holding) - {self.id}))

    async def is_alive(self, name: str) -> bool:
        return name not in await self._database.elsewhere(self._dead({name}))

    async def take_seat(self, prefix: str) -> str:
        return await self._database.elsewhere(self._take_seat(prefix))

    def bury(self, owner_id: str) -> None:
        self._free_since.pop(owner_id, None)

    def close(self) -> None:
        self._keeper.cancel()
        self._database.call(self._unlock_all())

    async def _dead(self, names: set[str]) -> set[str]:
        """Those whose lock has been seen free for long enough. The first look at a name begins its time."""
        try:
            if (await self._database.read_here(_UPTIME, {}))[0]["seconds"] < _RETURN:
                self._free_since.clear()
                return set()
            taken = {row["number"] for row in await self._database.read_here(_TAKEN, {})}
        except Exception:
            self._free_since.clear()
            raise
        now = time.monotonic()
        for name in names:
            if _number(name) in taken:
                self._free_since.pop(name, None)
            else:
                self._free_since.setdefault(name, now)
        return {name for name in names if now - self._free_since.get(name, now) >= _CERTAINTY}

    async def _take_seat(self, prefix: str) -> str:
        number = 0
        while True:
            name = f"seat-{prefix}-{number}"
            if await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", _number(name)):
                self._names.append(name)
                return name
            number += 1

    async def _lock_all(self) -> "asyncpg.Connection[Any]":
        connection = await asyncpg.connect(
            self._database.url, command_timeout=5, timeout=5, server_settings=_KEEP_ALIVE
        )
        for name in self._names:
            await connection.fetchval("SELECT pg_try_advisory_lock($1)", _number(name))
        return connection

    async def _unlock_all(self) -> None:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            await self._connection.close(timeout=2)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_BEAT)
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                if self._connection.is_closed():
                    self._connection = await self._lock_all()
                await self._connection.execute("SELECT 1")


def _number(name: str) -> int:
    """The lock's number: 64 bits of the name's hash."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)

