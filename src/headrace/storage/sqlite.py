"""One database file: readers that never wait, and one writer that commits many callers at once."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from headrace.storage.database import Operation, Row, unavailable
from headrace.storage.errors import Unusable
from headrace.storage.room import Room
from headrace.storage.sqlite_writer import CHANGES, Job, Writer, carry_out, code_of

T = TypeVar("T")


_TRIAL = "UPDATE alembic_version SET version_num = version_num"
"""Changes nothing."""


class SqliteDatabase:
    """`Database` on a file, in WAL mode with `synchronous=FULL`: what was answered survives a crash of the
    process and of the machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _connect(path)
        self._turn = threading.Lock()  # reads that overlap share the older one's snapshot
        self._room = Room(path.parent)
        self._needed: list[Callable[[], None]] = [self._room.check]
        self._writer = Writer(partial(_connect, path), self._room)

    async def read(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        return self.look(sql, parameters)

    def look(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        """`read` takes microseconds for the look-ups that requests make, so it needs no thread of its own."""
        try:
            with self._turn:
                return self._reader.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise unavailable(error, code_of(error)) from error

    def check_writable(self) -> None:
        """Whether a file that can be read can be written too, by writing what is undone again: its mode says
        little to root, and nothing of a disk that was mounted to be read. Raises `Unusable`."""
        connection = _connect(self.path)
        try:
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TRIAL)
        except sqlite3.OperationalError as error:
            if code_of(error) != "SQLITE_BUSY":  # somebody else is writing just now, so it can be
                raise Unusable(f"{self.path}: {error}") from None
        finally:
            connection.close()  # which undoes it

    def settle(self, operation: Operation[T]) -> T:
        """`write` for a caller without an event loop."""
        connection = _connect(self.path)
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = carry_out(connection, operation)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise unavailable(error, code_of(error)) from error
        finally:
            connection.close()
        return result

    async def write(
        self,
        operation: Operation[T],
        *,
        crowd: bool = False,
        key: str | None = None,  # noqa: ARG002 - one transaction at a time: there is nobody to take turns with
        fleeting: bool = False,
    ) -> T:
        loop = asyncio.get_running_loop()
        job: Job[T] = Job(operation, loop, loop.create_future(), brief=crowd, fleeting=fleeting)
        self._writer.put(job)
        return await job.future

    async def snapshot(self, operation: Operation[T]) -> T:
        return await asyncio.to_thread(self._snapshot, operation)

    def _snapshot(self, operation: Operation[T]) -> T:
        connection = _connect(self.path)
        try:
            connection.execute("BEGIN")
            return carry_out(connection, operation)
        except sqlite3.OperationalError as error:
            raise unavailable(error, code_of(error)) from error
        finally:
            connection.close()

    def check_room(self) -> None:
        for check in self._needed:
            check()

    def need(self, check: Callable[[], None]) -> None:
        """Nothing begins either while this raises `Problem(storage_unavailable)`: its end could not be
        written."""
        self._needed.append(check)

    def close(self) -> None:
        self._writer.close()
        self._reader.close()


def look_only(path: Path, operation: Operation[T]) -> T:
    """Carry out an operation that only reads, on a file that stays as it is. Raises `Unusable`."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        try:
            # Not `mode=ro`, which leaves files beside the database.
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            return carry_out(connection, operation)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Unusable(f"{path}: {error}") from None


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHANGES}")
    return connection
