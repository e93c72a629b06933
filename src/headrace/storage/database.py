"""What every database offers: reads of what is committed, and writes that are durable once they return."""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog

from headrace.domain.errors import Problem

T = TypeVar("T")

BATCH = 256
"""Most operations in one commit."""

log = structlog.get_logger()


class Statement(NamedTuple):
    """One SQL statement in the dialect that SQLite and PostgreSQL share, with `:named` parameters."""

    sql: str
    parameters: Mapping[str, object]


class Each(NamedTuple):
    """The same statement for each of several rows; its results are of no interest."""

    sql: str
    rows: Sequence[Mapping[str, object]]


Row = Any
"""A result row: by position or by column name."""

Steps = Generator[Statement | Each, list[Row], T]

Operation = Callable[[], Steps[T]]
"""Makes the steps of one transaction: each statement is yielded and its rows come back.

An operation is all or nothing. It may be run a second time when a neighbour in its batch failed, and must
therefore have no effect outside the database.
"""


class Database(Protocol):
    """One database, used by all threads and event loops of a process."""

    async def read(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        """Rows as of now, including what other processes have committed.

        Raises `Problem(storage_unavailable)`.
        """
        ...

    async def write(
        self, operation: Operation[T], *, crowd: bool = False, key: str | None = None, fleeting: bool = False
    ) -> T:
        """Carry `operation` out; returns its result once it is committed and durable.

        `crowd`: steps of others may run between its own, within the same transaction. This is right where
        each decision is a single statement that changes one row at most, and lets many operations share
        their round trips. It must also be brief, as it may run on the event loop. `key` names what many
        processes change at the same time, such as an account: those with the same key take turns, so that
        they never wait for each other in a circle.

        Raises what the operation raised, or `Problem(storage_unavailable)`; after the latter it may have been
        committed nevertheless.
        """
        ...

    async def snapshot(self, operation: Operation[T]) -> T:
        """Carry out an operation that only reads, all of it as of one moment."""
        ...

    def check_room(self) -> None:
        """Called before something begins that ends with a larger write. Raises `Problem(storage_unavailable)`
        where it is known that this could not be written, as there is no room for it or no key to seal it."""
        ...

    def close(self) -> None:
        """Finish what is queued and let go of the database."""
        ...


def unavailable(error: BaseException, code: str | None = None) -> Problem:
    """The problem to raise for a database that cannot be used. Only the error's kind is logged."""
    log.error("database_unavailable", error=type(error).__name__, code=code)
    return Problem("storage_unavailable", retry_after=1)
