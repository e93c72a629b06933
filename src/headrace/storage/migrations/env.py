"""How Alembic reaches the database: one transaction, taken as a write from the start."""

import sqlite3
from pathlib import Path

from alembic import context
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from headrace.storage.tables import metadata

_LOCK = "SELECT pg_advisory_xact_lock(7167202601)"


def _engine() -> Engine:
    location = context.config.attributes["database"]
    if not isinstance(location, Path):
        return create_engine(make_url(location).set(drivername="postgresql+psycopg"))
    # The driver would begin lazily, letting two processes migrate at once; so it is told not to begin at all.
    return create_engine(
        URL.create("sqlite", database=str(location)), connect_args={"isolation_level": None, "timeout": 30}
    )


engine = _engine()


@event.listens_for(engine, "connect")
def _use_wal(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA journal_mode = WAL")


@event.listens_for(engine, "begin")
def _take_the_lock(connection: Connection) -> None:
    connection.exec_driver_sql(_LOCK if connection.dialect.name == "postgresql" else "BEGIN IMMEDIATE")


with engine.connect() as connection:
    # Of SQLite it is assumed that tables cannot be made within a transaction. Each migration would have one
    # of its own, and between two of them another process could take the lock and make the same tables.
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
