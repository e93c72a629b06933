"""Makes the database let go of what was deleted, as far as it can while others use it."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from headrace.storage import schema
from headrace.storage.database import unavailable

_TABLES = ("enrichments", "webhook_deliveries", "idempotency_keys", "answers", "subjects", "outcomes")
_TRIES = 20
_PAUSE = 0.1
"""Seconds between two tries; somebody may be reading."""


async def scrub(location: schema.Location) -> None:
    """Raises `Problem(storage_unavailable)`."""
    if isinstance(location, Path):
        await _empty_log(location)
    else:
        await _vacuum(location)


async def _empty_log(path: Path) -> None:
    """Deleted content is overwritten in the file; what the write-ahead log still holds of it goes here."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout = 500")
            for _ in range(_TRIES):
                if not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    return
                await asyncio.sleep(_PAUSE)
    except sqlite3.Error as error:
        raise unavailable(error, error.sqlite_errorname) from error
    raise unavailable(TimeoutError())


async def _vacuum(url: str) -> None:
    """Without `FULL`, which would lock everybody out: the space is free for others, not overwritten. What it
    held was sealed."""
    import asyncpg  # noqa: PLC0415 - one file needs it not

    try:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            await connection.execute(f"VACUUM {', '.join(_TABLES)}")
        finally:
            await connection.close(timeout=2)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise unavailable(error) from error
