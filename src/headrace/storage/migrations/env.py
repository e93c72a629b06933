"""How Alembic reaches the database: one transaction, taken as a write from the start."""

import sqlite3

from alembic import context
from sqlalchemy import URL, Connection, create_engine, event

from headrace.storage.tables import metadata

# The driver would begin lazily, letting two processes migrate at once; so it is told not to begin at all.
engine = create_engine(
    URL.create("sqlite", database=str(context.config.attributes["database"])),
    connect_args={"isolation_level": None, "timeout": 30},
)


@event.listens_for(engine, "connect")
def _use_wal(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")


@event.listens_for(engine, "begin")
def _take_the_lock(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
