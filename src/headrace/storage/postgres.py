"""A PostgreSQL database: a small pool to read, and one writer that commits many callers at once."""

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import asyncpg

from headrace.storage.database import Operation, Row, unavailable
from headrace.storage.errors import Unusable
from headrace.storage.postgres_batch import Job, carry_out, positional
from headrace.storage.postgres_faults import ANY, LOST, code, is_about_the_server
from headrace.storage.postgres_writer import Writer
from headrace.storage.schema import name
from headrace.threads import in_the_background

T = TypeVar("T")

READERS = 4
"""Most connections that read; servers allow about a hundred in all."""

_PATIENCE = 5.0
"""Seconds for a statement."""

_PATIENCE_FOR_ALL = 900.0
"""Seconds for one that goes through everything, such as all of the books, and for which no request waits."""

_SNAPSHOTS = 2
"""Most of these at a time: each has a connection of its own."""

_TO_CONNECT = 2.0
"""Seconds for a connection to be made."""

_SETTINGS = {
    "application_name": "headrace",
    # A machine that vanished in the middle of a transaction must not keep its locks.
    "idle_in_transaction_session_timeout": "10s",
}


class PostgresDatabase:
    """`Database` on a server. Its connections live in a thread and an event loop of their own, so that every
    thread of the process can use it, a command as well as a server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._closed = False
        # Not uvloop's, which is a fifth cheaper: closing it waited for ever now and then after the server
        # had been away.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="headrace-postgres", daemon=True)
        with in_the_background():
            self._thread.start()
        self._beside: list[Future[None]] = []
        self._snapshots = asyncio.Semaphore(_SNAPSHOTS)
        self._pool: asyncpg.Pool = self.call(self._open_pool())
        self._writer = Writer(self.connect)
        self._writing = self._begin(self._writer.run())

    async def read(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        return await self.elsewhere(self.read_here(sql, parameters))

    async def write(
        self,
        operation: Operation[T],
        *,
        crowd: bool = False,
        key: str | None = None,
        fleeting: bool = False,  # noqa: ARG002 - what it shares its transaction with has to last
    ) -> T:
        return await self.elsewhere(self.write_here(operation, crowd=crowd, key=key))

    async def snapshot(self, operation: Operation[T]) -> T:
        return await self.elsewhere(self._snapshot(operation))

    def check_room(self) -> None:
        pass  # the disk is another machine's

    def close(self) -> None:
        self._closed = True
        for task in self._beside:
            task.cancel()
        self._loop.call_soon_threadsafe(self._writer.end)
        self._writing.result()
        self._begin(self._end()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def elsewhere(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry `work` out in the database's own event loop."""
        return await asyncio.wrap_future(self._begin_if_open(work))

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The same for a caller without an event loop."""
        return self._begin_if_open(work).result()

    def look(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        """`read` for a caller without an event loop."""
        return self.call(self.read_here(sql, parameters))

    def check_writable(self) -> None:
        """Whether it is more than a copy to read from, such as a standby. Raises `Unusable`."""
        if self.look("SELECT CURRENT_SETTING('transaction_read_only')", {})[0][0] == "on":
            raise Unusable(f"{name(self.url)}: cannot be written to")

    def settle(self, operation: Operation[T]) -> T:
        """`write` for a caller without an event loop."""
        return self.call(self.write_here(operation))

    def beside(self, work: Coroutine[Any, Any, None]) -> "Future[None]":
        """Begin `work` there, to be cancelled by the caller or when the database is closed."""
        self._beside.append(self._begin_if_open(work))
        return self._beside[-1]

    def _begin_if_open(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        if self._closed:
            work.close()
            raise unavailable(asyncpg.InterfaceError("closed"))
        return self._begin(work)

    def _begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def connect(self, **settings: str) -> asyncpg.Connection:
        """A connection of its own for the caller."""
        return await self._connect(_PATIENCE, settings)

    async def _connect(self, patience: float, settings: Mapping[str, str]) -> asyncpg.Connection:
        """`patience`: seconds for a statement."""
        return await asyncpg.connect(
            self.url, command_timeout=patience, timeout=_TO_CONNECT, server_settings={**_SETTINGS, **settings}
        )

    async def _end(self) -> None:
        """Whoever still reads is refused; nothing is left running in the loop."""
        self._pool.terminate()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            _, stuck = await asyncio.wait(left, timeout=_TO_CONNECT)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)

    async def _open_pool(self) -> asyncpg.Pool:
        return await asyncpg.create_pool(
            self.url,
            min_size=0,
            max_size=READERS,
            command_timeout=_PATIENCE,
            timeout=_TO_CONNECT,
            server_settings=_SETTINGS,
        )

    async def read_here(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        """`read` for what runs in the database's own event loop."""
        text, names = positional(sql)
        values = [parameters[name] for name in names]
        try:
            async with asyncio.timeout(_PATIENCE):
                try:
                    return await self._fetch(text, values)
                except LOST:  # by all of them, if the server was away
                    await self._pool.expire_connections()
                    return await self._fetch(text, values)
        except ANY as error:
            if not is_about_the_server(error):
                raise
            raise unavailable(error, code(error)) from error

    async def _fetch(self, text: str, values: list[object]) -> list[Row]:
        try:
            rows: list[Row] = await self._pool.fetch(text, *values)
        except asyncpg.CharacterNotInRepertoireError:
            return []  # a text with a zero in it cannot be stored, so there is none
        return rows

    async def _snapshot(self, operation: Operation[T]) -> T:
        job: Job[T] = Job(operation, self._loop.create_future())
        try:
            async with self._snapshots:
                connection = await self._connect(_PATIENCE_FOR_ALL, {})
                try:
                    async with connection.transaction(isolation="repeatable_read", readonly=True):
                        await carry_out(connection, [job])
                    await connection.close(timeout=_TO_CONNECT)
                finally:
                    connection.terminate()
        except ANY as error:
            if not is_about_the_server(error):
                raise
            raise unavailable(error, code(error)) from error
        job.resolve()
        return await job.future

    async def write_here(self, operation: Operation[T], *, crowd: bool = False, key: str | None = None) -> T:
        """`write` for what runs in the database's own event loop."""
        job: Job[T] = Job(operation, self._loop.create_future(), crowd, key)
        self._writer.put(job)
        return await job.future
