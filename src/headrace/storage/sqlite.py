"""One database file: readers that never wait, and one writer that commits many callers at once."""

import asyncio
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from msgspec import Struct

from headrace.storage.database import BATCH, Each, Operation, Row, Statement, unavailable

T = TypeVar("T")

_OURS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError)
"""Errors that say something about the operation; any other one is about the file."""


class SqliteDatabase:
    """`Database` on a file, in WAL mode with `synchronous=FULL`: what was answered survives a crash of the
    process and of the machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _connect(path)
        self._turn = threading.Lock()  # reads that overlap share the older one's snapshot
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._closed = False
        self._door = threading.Lock()  # nothing is queued behind the end
        self._writer = threading.Thread(target=self._write_batches, name="headrace-writer", daemon=True)
        self._writer.start()

    async def read(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        return self.look(sql, parameters)

    def look(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        """`read` takes microseconds for the look-ups that requests make, so it needs no thread of its own."""
        try:
            with self._turn:
                return self._reader.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise unavailable(error, _code(error)) from error

    async def write(
        self,
        operation: Operation[T],
        *,
        crowd: bool = False,  # noqa: ARG002
        key: str | None = None,  # noqa: ARG002
    ) -> T:
        # One transaction at a time, without round trips: neither a crowd nor its order make a difference.
        loop = asyncio.get_running_loop()
        job: _Job[T] = _Job(operation, loop, loop.create_future())
        with self._door:
            if self._closed:
                raise unavailable(sqlite3.ProgrammingError("closed"))
            self._queue.put(job)
        return await job.future

    async def snapshot(self, operation: Operation[T]) -> T:
        return await asyncio.to_thread(self._snapshot, operation)

    def _snapshot(self, operation: Operation[T]) -> T:
        connection = _connect(self.path)
        try:
            connection.execute("BEGIN")
            return _carry_out(connection, operation)
        except sqlite3.OperationalError as error:
            raise unavailable(error, _code(error)) from error
        finally:
            connection.close()

    def close(self) -> None:
        with self._door:
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        self._reader.close()

    def _write_batches(self) -> None:
        connection = _connect(self.path)
        open_ = True
        while open_:
            batch, open_ = self._next_batch()
            _commit(connection, batch)
            _deliver(batch)
        connection.close()

    def _next_batch(self) -> tuple[list["_Job[Any]"], bool]:
        """Everything that is waiting, at least one; false once the end is reached."""
        batch: list[_Job[Any]] = []
        job = self._queue.get()
        while job is not None:
            batch.append(job)
            if self._queue.empty() or len(batch) == BATCH:
                return batch, True
            job = self._queue.get()
        return batch, False


class _Job(Generic[T], Struct):
    operation: Operation[T]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[T]"
    result: T | None = None
    error: BaseException | None = None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


def _commit(connection: sqlite3.Connection, batch: list[_Job[Any]]) -> None:
    """All in one transaction; those that are at fault fail alone, and undo nobody else's work."""
    if not batch:
        return
    for job in batch:
        job.error = None
    try:
        _transact(connection, batch)
    except _RaisedError:
        _commit_apart(connection, batch)
    except BaseException as error:
        if len(batch) == 1:
            batch[0].error = error
            return
        for job in batch:
            _commit(connection, [job])


def _commit_apart(connection: sqlite3.Connection, batch: list[_Job[Any]]) -> None:
    """First those whose operation ended, then those whose operation raised: it may do so because of what a
    neighbour did, and is told so only once that neighbour's work is committed."""
    raised = [job for job in batch if job.error is not None]
    _commit(connection, [job for job in batch if job.error is None])
    if len(batch) > 1:
        for job in raised:
            _commit(connection, [job])


def _transact(connection: sqlite3.Connection, batch: list[_Job[Any]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for job in batch:
            try:
                job.result = _carry_out(connection, job.operation)
            except Exception as error:
                if _is_about_the_file(error):
                    raise
                job.error = error
        if any(job.error for job in batch):
            raise _RaisedError
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


class _RaisedError(Exception):
    """An operation raised; it may have done so half-way."""


def _carry_out(connection: sqlite3.Connection, operation: Operation[T]) -> T:
    steps = operation()
    try:
        step = next(steps)
        while True:
            step = steps.send(_execute(connection, step))
    except StopIteration as end:
        result: T = end.value
        return result


def _execute(connection: sqlite3.Connection, step: Statement | Each) -> list[Row]:
    if isinstance(step, Each):
        connection.executemany(step.sql, step.rows)
        return []
    return connection.execute(step.sql, step.parameters).fetchall()


def _deliver(batch: list[_Job[Any]]) -> None:
    """Wake the callers, once per event loop rather than once per caller."""
    for loop in {job.loop for job in batch}:
        mine = [job for job in batch if job.loop is loop]
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_resolve, mine)


def _resolve(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        elif isinstance(job.error, sqlite3.Error) and _is_about_the_file(job.error):
            job.future.set_exception(unavailable(job.error, _code(job.error)))
        else:
            job.future.set_exception(job.error)


def _code(error: sqlite3.Error) -> str | None:
    return getattr(error, "sqlite_errorname", None)


def _is_about_the_file(error: BaseException) -> bool:
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _OURS)
