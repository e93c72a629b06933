"""A PostgreSQL database: a small pool to read, and one writer that commits many callers at once."""

import asyncio
import re
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

import asyncpg
import uvloop

from headrace.storage.database import BATCH, Each, Operation, Row, Statement, Steps, unavailable

T = TypeVar("T")

READERS = 4
"""Most connections that read; servers allow about a hundred in all."""

_PATIENCE = 5.0
"""Seconds for a statement or for a connection to be made."""

_PARAMETER = re.compile(r":(\w+)")
_OURS = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, asyncpg.SyntaxOrAccessError)
"""Errors that say something about the operation; any other one is about the server or the way to it."""

_CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Two batches were in each other's way: the server undid one of them."""

_ABOUT_THE_SERVER = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, EOFError)


class PostgresDatabase:
    """`Database` on a server. Its connections live in a thread and an event loop of their own, so that every
    thread of the process can use it, a command as well as a server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="headrace-postgres", daemon=True)
        self._thread.start()
        self._jobs: asyncio.Queue[_Job[Any] | None] = asyncio.Queue()
        self._writer: asyncpg.Connection[Any] | None = None
        self._closed = False
        self._pool: asyncpg.Pool[Any] = self.call(self._open_pool())
        self._batches = self.start(self._write_batches())

    async def read(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        if self._closed:
            raise unavailable(asyncpg.InterfaceError("closed"))
        return await self.elsewhere(self.read_here(sql, parameters))

    async def write(self, operation: Operation[T], *, crowd: bool = False) -> T:
        if self._closed:
            raise unavailable(asyncpg.InterfaceError("closed"))
        return await self.elsewhere(self.write_here(operation, crowd=crowd))

    async def snapshot(self, operation: Operation[T]) -> T:
        return await self.elsewhere(self._snapshot(operation))

    def close(self) -> None:
        self._closed = True
        self._loop.call_soon_threadsafe(self._jobs.put_nowait, None)
        self._batches.result()
        self.call(self._disconnect())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def elsewhere(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry `work` out in the database's own event loop."""
        return await asyncio.wrap_future(self.start(work))

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The same for a caller without an event loop."""
        return self.start(work).result()

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Begin `work` there, to be cancelled or waited for by the caller."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _open_pool(self) -> "asyncpg.Pool[Any]":
        return await asyncpg.create_pool(
            self.url, min_size=0, max_size=READERS, command_timeout=_PATIENCE, timeout=_PATIENCE
        )

    async def read_here(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        """`read` for what runs in the database's own event loop."""
        text, names = positional(sql)
        values = [parameters[name] for name in names]
        try:
            try:
                return await self._pool.fetch(text, *values, timeout=_PATIENCE)
            except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError):
                # The connection was idle in the pool when the server went away; a new one tells how it is.
                return await self._pool.fetch(text, *values, timeout=_PATIENCE)
        except _ABOUT_THE_SERVER as error:
            raise unavailable(error, _code(error)) from error

    async def _snapshot(self, operation: Operation[T]) -> T:
        job: _Job[T] = _Job(operation, False, self._loop.create_future())
        try:
            async with (
                self._pool.acquire(timeout=_PATIENCE) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                await _in_step(connection, [job])
        except _ABOUT_THE_SERVER as error:
            raise unavailable(error, _code(error)) from error
        return job.result  # type: ignore[return-value]

    async def write_here(self, operation: Operation[T], *, crowd: bool = False) -> T:
        """`write` for what runs in the database's own event loop."""
        job: _Job[T] = _Job(operation, crowd, self._loop.create_future())
        self._jobs.put_nowait(job)
        return await job.future

    async def _write_batches(self) -> None:
        open_ = True
        while open_:
            batch, open_ = await self._next_batch()
            await self._commit(batch)
            for job in batch:
                job.resolve()

    async def _next_batch(self) -> tuple[list["_Job[Any]"], bool]:
        """Everything that is waiting, at least one; false once the end is reached."""
        batch: list[_Job[Any]] = []
        job = await self._jobs.get()
        while job is not None:
            batch.append(job)
            if self._jobs.empty() or len(batch) == BATCH:
                return batch, True
            job = self._jobs.get_nowait()
        return batch, False

    async def _commit(self, batch: list["_Job[Any]"]) -> None:
        """All in one transaction; if one of them is at fault, each in its own, so that only that one fails.
        Nothing is repeated when the connection is lost: it may have been committed."""
        if not batch:
            return
        try:
            await self._transact(batch)
        except Exception as error:
            if not _is_about_the_server(error):
                await self._one_by_one(batch, error)
                return
            self._drop_writer()
            problem = unavailable(error, _code(error))
            for job in batch:
                job.error = problem

    async def _one_by_one(self, batch: list["_Job[Any]"], error: Exception) -> None:
        if len(batch) == 1 and not isinstance(error, _CONFLICTS):
            batch[0].error = error
            return
        for job in batch:
            await self._commit([job])

    async def _transact(self, batch: list["_Job[Any]"]) -> None:
        connection = await self._connected()
        async with connection.transaction():
            crowd = [job for job in batch if job.crowd]
            await _in_step(connection, crowd)
            for job in batch:
                if not job.crowd:
                    await _in_step(connection, [job])

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._writer is None or self._writer.is_closed():
            self._writer = await asyncpg.connect(self.url, command_timeout=_PATIENCE, timeout=_PATIENCE)
        return self._writer

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.terminate()
            self._writer = None

    async def _disconnect(self) -> None:
        self._drop_writer()
        self._pool.terminate()


@dataclass(slots=True)
class _Job(Generic[T]):
    operation: Operation[T]
    crowd: bool
    future: "asyncio.Future[T]"
    result: T | None = None
    error: BaseException | None = None

    def resolve(self) -> None:
        if self.future.cancelled():
            return
        if self.error is None:
            self.future.set_result(self.result)  # type: ignore[arg-type]
        else:
            self.future.set_exception(self.error)


@dataclass(slots=True)
class _Walk:
    """An operation under way: the step that it waits for."""

    job: _Job[Any]
    steps: Steps[Any]
    step: Statement | Each | None = None

    def on(self, rows: list[Row] | None) -> None:
        try:
            self.step = next(self.steps) if rows is None else self.steps.send(rows)
        except StopIteration as end:
            self.job.result, self.step = end.value, None


async def _in_step(connection: "asyncpg.Connection[Any]", jobs: list[_Job[Any]]) -> None:
    """Carry operations out side by side: those that are at the same statement share one round trip."""
    walks = [_Walk(job, job.operation()) for job in jobs]
    for walk in walks:
        walk.on(None)
    while walks := [walk for walk in walks if walk.step is not None]:
        groups: dict[tuple[type, str], list[_Walk]] = {}
        for walk in walks:
            if walk.step is not None:
                groups.setdefault((type(walk.step), walk.step.sql), []).append(walk)
        for (kind, sql), group in groups.items():
            answers = await (_put_each(connection, sql, group) if kind is Each else _put(connection, sql, group))
            for walk, rows in zip(group, answers, strict=True):
                walk.on(rows)


async def _put_each(connection: "asyncpg.Connection[Any]", sql: str, group: list[_Walk]) -> list[list[Row]]:
    text, names = positional(sql)
    rows = [row for walk in group if isinstance(walk.step, Each) for row in walk.step.rows]
    await connection.executemany(text, [[row[name] for name in names] for row in rows])
    return [[] for _ in group]


async def _put(connection: "asyncpg.Connection[Any]", sql: str, group: list[_Walk]) -> list[list[Row]]:
    """The rows of each. Together they come without saying whose they are, which is plain only when there is
    one for each; in any other case all are put again, one after the other."""
    text, names = positional(sql)
    values = [[walk.step.parameters[name] for name in names] for walk in group if isinstance(walk.step, Statement)]
    if len(values) > 1:
        if not _returns_rows(sql):
            await connection.executemany(text, values)
            return [[] for _ in group]
        attempt = connection.transaction()
        await attempt.start()
        rows = await connection.fetchmany(text, values)
        if len(rows) == len(values) and _returns_one(sql):
            await attempt.commit()
            return [[row] for row in rows]
        await attempt.rollback()
    return [await connection.fetch(text, *row) for row in values]


def _returns_rows(sql: str) -> bool:
    return "RETURNING" in sql or "SELECT" in sql


def _returns_one(sql: str) -> bool:
    """Statements that change a row by its key and return it."""
    return "RETURNING" in sql


@lru_cache(maxsize=512)
def positional(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with `$1, $2` for its `:names`, and the names in that order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    places = {name: f"${place}" for place, name in enumerate(names, 1)}
    return _PARAMETER.sub(lambda found: places[found[1]], sql), names


def _is_about_the_server(error: BaseException) -> bool:
    return isinstance(error, _ABOUT_THE_SERVER) and not isinstance(error, (*_OURS, *_CONFLICTS))


def _code(error: BaseException) -> str | None:
    return getattr(error, "sqlstate", None)
