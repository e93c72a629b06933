"""What PostgreSQL's errors are about: an operation, a neighbour, or the server and the way to it."""

import asyncpg

OURS = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, asyncpg.SyntaxOrAccessError)
"""They say something about the operation."""

CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Two transactions were in each other's way, and the server undid one of them."""

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the end came between two messages that belong together
    ConnectionError,
)
"""The connection is gone. It may have been so for long: a new one tells how the server is."""

ANY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, EOFError)
"""All that a statement or a connection may raise; a `TimeoutError` is an `OSError`."""


def is_about_the_server(error: BaseException) -> bool:
    """Whether the same operation may succeed later, conflicts included."""
    return isinstance(error, ANY) and not isinstance(error, OURS)


def code(error: BaseException) -> str | None:
    """The five characters that stand for the error, where it came from the server."""
    return getattr(error, "sqlstate", None)
