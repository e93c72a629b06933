"""The database in which the engine keeps its queue."""

import os
from typing import TYPE_CHECKING, Any

# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from sqlalchemy import Engine

CONNECTIONS = 4
"""Per process. On PostgreSQL one of them is always taken, by the engine's own chores."""


def connect(url: str) -> "Engine":
    """A pool of our own making: the engine's would also visit the server's maintenance database."""
    from sqlalchemy import create_engine, event, make_url

    place = make_url(url)
    if place.drivername == "sqlite":
        os.close(os.open(str(place.database), os.O_RDWR | os.O_CREAT, 0o600))
        database = create_engine(place, pool_size=CONNECTIONS, max_overflow=0)
        event.listen(database, "connect", _prepare_file)
        return database
    return create_engine(
        place.set(drivername="postgresql+psycopg"),
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5, "application_name": "headrace-jobs"},
    )


def _prepare_file(connection: Any, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"  # DBOS relies on it, and on the next two
    connection.execute("PRAGMA busy_timeout = 30000")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
