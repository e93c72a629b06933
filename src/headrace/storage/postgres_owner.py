"""Owners of a fleet: locks that PostgreSQL drops when a process's connection ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import count

import asyncpg
import structlog

from headrace.engine.ids import new_id
from headrace.storage.database import unavailable
from headrace.storage.postgres import PostgresDatabase
from headrace.storage.postgres_batch import lock_number
from headrace.storage.postgres_faults import ANY, code

_CERTAINTY = 2.0
"""Seconds for which an owner's lock must be free before it counts as dead: a living one whose connection
broke takes its lock again sooner than that."""

_RETURN = 5.0
"""After a restart or a fail-over the server has no locks; owners get so many seconds to take them again."""

_BEAT = 0.5
"""Seconds between two looks at the own locks."""

_UPTIME = """
    SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp() - pg_postmaster_start_time()) AS float8) AS seconds,
        CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) AS float8) AS started
"""
_TAKEN = """
    SELECT (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) AS number FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_TRY = "SELECT pg_try_advisory_lock($1)"
_TRY_ALL = "SELECT pg_try_advisory_lock(number) FROM unnest(CAST($1 AS bigint[])) AS number"
_LOOK_AGAIN = 0.05
"""Seconds between two looks at a fence that somebody is inside of."""

_KEEP_ALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "2"}

log = structlog.get_logger()


class PostgresOwner:
    """`Owner` on advisory locks of one connection, which is made again whenever it breaks."""

    def __init__(self, database: PostgresDatabase) -> None:
        self.id = new_id()
        self._database = database
        self._names = {self.id: False}  # and whether the connection has its lock
        self._free_since: dict[str, float] = {}
        self._back_at = -_RETURN
        self._started: float | None = None  # by the server's clock; only to tell one start from another
        self._seen_at = 0.0  # when that start was first seen, by the own monotonic clock
        self._broken = asyncio.Event()
        self._turn = asyncio.Lock()  # a connection does one thing at a time
        try:
            self._connection = database.call(self._connect())
        except ANY as error:
            raise unavailable(error, code(error)) from error
        self._keeper = database.beside(self._keep())

    async def dead(self, holding: Iterable[str]) -> set[str]:
        return await self._database.elsewhere(self._dead(set(holding) - {self.id}))

    async def is_alive(self, name: str) -> bool:
        return name not in await self._database.elsewhere(self._dead({name}))

    async def take_seat(self, prefix: str) -> str:
        return await self._database.elsewhere(self._take_seat(prefix))

    async def leave_seat(self, name: str) -> None:
        await self._database.elsewhere(self._leave_seat(name))

    @asynccontextmanager
    async def fence(self, name: str) -> AsyncIterator[None]:
        guard = await self._database.elsewhere(self._enter(name))
        try:
            yield
        finally:
            await self._database.elsewhere(_end(guard))

    def bury(self, owner_id: str) -> None:
        self._free_since.pop(owner_id, None)

    def close(self) -> None:
        self._database.call(self._close())

    async def _dead(self, names: set[str]) -> set[str]:
        """Those whose lock has been seen free for long enough. The first look at a name begins its time."""
        try:
            uptime = await self._uptime()
            taken = {row["number"] for row in await self._database.read_here(_TAKEN, {})}
        except Exception:
            self._free_since.clear()
            raise
        now = time.monotonic()
        if self._connection.is_closed() or min(uptime, now - self._back_at) < _RETURN:
            self._free_since.clear()
        for name in names:
            if lock_number(name) in taken:
                self._free_since.pop(name, None)
            else:
                self._free_since.setdefault(name, now)
        free = self._free_since
        return {name for name in names if name in free and now - free[name] >= _CERTAINTY}

    async def _uptime(self) -> float:
        """Seconds since the server was started. Its clock may have been set back meanwhile, and be before
        that start: at least so many as this process has known of it."""
        row = (await self._database.read_here(_UPTIME, {}))[0]
        now = time.monotonic()
        if row["started"] != self._started:
            self._started, self._seen_at = row["started"], now
        return max(float(row["seconds"]), now - self._seen_at)

    async def _take_seat(self, prefix: str) -> str:
        await asyncio.sleep(max(0.0, _RETURN - await self._uptime()))  # whoever had one takes it first
        async with self._turn:
            for number in count():
                name = f"seat-{prefix}-{number}"
                if name not in self._names and await self._lock(name):
                    self._names[name] = True
                    return name
        raise AssertionError

    async def _leave_seat(self, name: str) -> None:
        async with self._turn:
            if self._names.pop(name):
                with suppress(*ANY):  # a connection that has ended has left it
                    await self._connection.execute("SELECT pg_advisory_unlock($1)", lock_number(name))

    async def _lock(self, name: str) -> bool:
        try:
            return bool(await self._connection.fetchval(_TRY, lock_number(name)))
        except ANY as error:
            raise unavailable(error, code(error)) from error

    async def _enter(self, name: str) -> asyncpg.Connection:
        """A connection of its own, whose end opens the fence again whatever happens."""
        try:
            guard = await self._database.connect(**_KEEP_ALIVE)
            try:
                while not await guard.fetchval(_TRY, lock_number(f"fence-{name}")):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_AGAIN)
            except BaseException:
                guard.terminate()
                raise
        except ANY as error:
            raise unavailable(error, code(error)) from error
        return guard

    async def _connect(self) -> asyncpg.Connection:
        connection = await self._database.connect(**_KEEP_ALIVE)
        connection.add_termination_listener(lambda _: self._broken.set())
        await self._take(connection, list(self._names))
        return connection

    async def _take(self, connection: asyncpg.Connection, names: list[str]) -> None:
        taken = await connection.fetch(_TRY_ALL, list(map(lock_number, names)))
        self._names.update(zip(names, (row[0] for row in taken), strict=True))

    async def _keep(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT):
                    await self._broken.wait()
            self._broken.clear()
            async with self._turn:
                try:
                    await self._look_after_the_locks()
                except ANY:
                    self._connection.terminate()

    async def _look_after_the_locks(self) -> None:
        if self._connection.is_closed():
            self._connection = await self._connect()
            self._back_at = time.monotonic()
            log.warning("locks_taken_again", missing=[name for name, held in self._names.items() if not held])
        # One that is missing is still with a connection that was lost, which the server has yet to notice.
        await self._take(self._connection, [name for name, held in self._names.items() if not held])

    async def _close(self) -> None:
        """Returns when the locks are free."""
        self._keeper.cancel()
        async with self._turn:
            await _end(self._connection)


async def _end(connection: asyncpg.Connection) -> None:
    with suppress(*ANY):
        await connection.close(timeout=2)
