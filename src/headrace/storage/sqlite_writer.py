"""The one writer of a database file: what many callers want written shares a transaction and its commit."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Generic, TypeVar

from msgspec import Struct

from headrace.storage.database import BATCH, Each, Operation, Row, Statement, unavailable
from headrace.storage.room import Room
from headrace.threads import in_the_background

T = TypeVar("T")

_OURS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError)
"""Errors that say something about the operation; any other one is about the file."""

_LOST = 1.0
"""Seconds after which the thread no longer waits for a loop to take its turn: it may have been closed."""

_CROWD = 4
_GATHER = 0.005
"""Where more than so many come at once, so many seconds pass between two turns, and what comes meanwhile
shares the second one. Where fewer do, gathering would cost more time than it saves."""


class Job(Generic[T], Struct):
    """An operation, and who waits for it. `brief`: it may be carried out on the event loop; `fleeting`: and
    be committed there, as it need not be on disk."""

    operation: Operation[T]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[T]"
    brief: bool = False
    fleeting: bool = False
    result: T | None = None
    error: BaseException | None = None


Batch = list[Job[Any]]

CHANGES = 4000
"""Pages in the log of changes from which on a commit writes them to where they belong."""

_LASTING = "PRAGMA synchronous = FULL", f"PRAGMA wal_autocheckpoint = {CHANGES}"
_FLEETING = "PRAGMA synchronous = NORMAL", "PRAGMA wal_autocheckpoint = 0"


class Writer:
    """Commits operations in the order in which they come.

    A thread does it, as a flush to disk takes its time. But a thread has to win the interpreter back after
    each statement, which costs more than the statement while an event loop is at work. So the statements of
    brief operations run on their callers' loop, and the thread commits them; it carries out all others, and
    again whatever did not go smoothly. Where nothing in a batch has to be on disk, there is nothing to wait
    for, and the loop commits it too.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], room: Room) -> None:
        self._room = room
        self._on_loops, self._on_thread = connect(), connect()
        self._on_loops.execute("PRAGMA busy_timeout = 0")  # an event loop waits for no other process
        self._lasting = True
        self._door = threading.Lock()  # nothing is queued behind the end
        self._waiting: Batch = []
        self._busy = False
        self._under_way = 0  # batches that the thread was handed and has not delivered
        self._earliest = 0.0  # the next turn, by the monotonic clock
        self._closed = False
        self._handed: SimpleQueue[tuple[Batch, bool] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="headrace-writer", daemon=True)
        with in_the_background():
            self._thread.start()

    def put(self, job: Job[T]) -> None:
        """Called on the job's loop, on which its future will be resolved."""
        with self._door:
            if self._closed:
                raise unavailable(sqlite3.ProgrammingError("closed"))
            self._waiting.append(job)
            busy, self._busy = self._busy, True
        if not busy:
            self._call_a_turn(job.loop)  # and not take it, so that those who come meanwhile join it

    def close(self) -> None:
        """Returns once everything is written that was put."""
        with self._door:
            self._closed = True
            self._handed.put(None)
        self._thread.join()

    def _call_a_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        pause = self._earliest - monotonic()
        if pause > 0.0:
            loop.call_later(pause, self._turn)
        else:
            loop.call_soon(self._turn)

    def _turn(self) -> None:
        """On an event loop: hand the thread its next batch, carried out already if that can be."""
        with self._door:
            if self._closed or not self._waiting:
                return
            batch = self._take()
            # Two transactions at a time would wait for each other.
            begun = not self._under_way and self._begin(batch)
            if not begun or not _is_fleeting(batch):
                self._hand_over(batch, begun=begun)
                return
            if not self._committed():
                self._hand_over(batch, begun=False)
                return
            self._call_next()
        _deliver(batch)

    def _take(self) -> Batch:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        self._earliest = monotonic() + _GATHER if len(batch) > _CROWD else 0.0
        return batch

    def _hand_over(self, batch: Batch, *, begun: bool) -> None:
        self._under_way += 1
        self._handed.put((batch, begun))

    def _begin(self, batch: Batch) -> bool:
        """Whether all of it is carried out, but for the commit."""
        if not all(job.brief for job in batch):
            return False
        try:
            self._wait_for_disk(not _is_fleeting(batch))
            self._on_loops.execute("BEGIN IMMEDIATE")
            for job in batch:
                job.result = carry_out(self._on_loops, job.operation)
        except Exception:  # the thread will see what it was
            _roll_back(self._on_loops)
            return False
        return True

    def _wait_for_disk(self, lasting: bool) -> None:
        """Whether the commits of the loops' transactions do from now on. One that does not must not tidy up
        the log of changes either, which takes its time."""
        if lasting != self._lasting:
            for pragma in _LASTING if lasting else _FLEETING:
                self._on_loops.execute(pragma)
            self._lasting = lasting

    def _run(self) -> None:
        while handed := self._next():
            batch, begun = handed
            if not (begun and self._committed()):
                commit(self._on_thread, batch)
                for job in batch:
                    self._room.heard(job.error)
            _deliver(batch)
            self._go_on()
        while batch := self._take():  # since it is closed, nobody else does
            commit(self._on_thread, batch)
            _deliver(batch)
        self._on_loops.close()
        self._on_thread.close()

    def _next(self) -> tuple[Batch, bool] | None:
        while True:
            try:
                return self._handed.get(timeout=_LOST)
            except Empty:
                with self._door:
                    if self._waiting:
                        self._hand_over(self._take(), begun=False)

    def _committed(self) -> bool:
        try:
            self._on_loops.execute("COMMIT")
        except sqlite3.Error:
            _roll_back(self._on_loops)
            return False
        return True

    def _go_on(self) -> None:
        """Let the loop of whoever waits longest take the next turn."""
        with self._door:
            self._under_way -= 1
            self._call_next()

    def _call_next(self) -> None:
        self._busy = bool(self._waiting)
        if self._closed or not self._waiting:
            return
        try:
            loop = self._waiting[0].loop
            loop.call_soon_threadsafe(self._call_a_turn, loop)
        except RuntimeError:  # it is closed
            self._hand_over(self._take(), begun=False)


def _is_fleeting(batch: Batch) -> bool:
    return all(job.fleeting for job in batch)


def commit(connection: sqlite3.Connection, batch: Batch) -> None:
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
            commit(connection, [job])


def _commit_apart(connection: sqlite3.Connection, batch: Batch) -> None:
    """First those whose operation ended, then those whose operation raised: it may do so because of what a
    neighbour did, and is told so only once that neighbour's work is committed."""
    raised = [job for job in batch if job.error is not None]
    commit(connection, [job for job in batch if job.error is None])
    if len(batch) > 1:
        for job in raised:
            commit(connection, [job])


def _transact(connection: sqlite3.Connection, batch: Batch) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for job in batch:
            try:
                job.result = carry_out(connection, job.operation)
            except Exception as error:
                if _is_about_the_file(error):
                    raise
                job.error = error
        if any(job.error for job in batch):
            raise _RaisedError
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


class _RaisedError(Exception):
    """An operation raised; it may have done so half-way."""


def carry_out(connection: sqlite3.Connection, operation: Operation[T]) -> T:
    """One operation's steps; its result."""
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


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with suppress(sqlite3.Error):  # then there is nothing left to roll back
            connection.execute("ROLLBACK")


def _deliver(batch: Batch) -> None:
    """Wake the callers, once per event loop rather than once per caller."""
    for loop in {job.loop for job in batch}:
        mine = [job for job in batch if job.loop is loop]
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(_resolve, mine)


def _resolve(jobs: Batch) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        elif isinstance(job.error, sqlite3.Error) and _is_about_the_file(job.error):
            job.future.set_exception(unavailable(job.error, code_of(job.error)))
        else:
            job.future.set_exception(job.error)


def code_of(error: sqlite3.Error) -> str | None:
    """SQLite's own name for it, which holds no data."""
    return getattr(error, "sqlite_errorname", None)


def _is_about_the_file(error: BaseException) -> bool:
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _OURS)
