"""Launched `Durable`s, and a look into their database from the side."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.engine import Connection

from headrace.jobs.durable import Durable
from headrace.jobs.trying import Handler

_PATIENCE = 30.0
"""Seconds."""


@asynccontextmanager
async def launched(
    url: str, handlers: Mapping[str, Handler], executor: str = "one"
) -> AsyncIterator[Durable]:
    durable = Durable(url, executor, handlers, asyncio.get_running_loop())
    await asyncio.to_thread(durable.launch)
    try:
        yield durable
    finally:
        await asyncio.to_thread(durable.stop, 0)


async def enqueue(durable: Durable, job: str, *subjects: str) -> None:
    for subject in subjects:
        await asyncio.to_thread(durable.enqueue, job, subject)


async def until(condition: Callable[[], object]) -> None:
    """Returns once it holds."""
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - it may be about another process
            await asyncio.sleep(0.02)


def states(url: str) -> dict[str, list[str]]:
    """Subject -> the states of its jobs, the oldest first."""
    found: dict[str, list[str]] = {}
    for row in query(url, "SELECT queue_partition_key AS name, status FROM {status} ORDER BY created_at"):
        found.setdefault(row["name"].partition(":")[2], []).append(row["status"])
    return found


def query(url: str, sql: str) -> list[dict[str, Any]]:
    """Rows of a statement in which `{status}` stands for the engine's table of jobs."""
    with _connection(url) as connection:
        table = "workflow_status" if connection.dialect.name == "sqlite" else "dbos.workflow_status"
        result = connection.execute(text(sql.format(status=table)))
        return [dict(row) for row in result.mappings()] if result.returns_rows else []


def everything(url: str) -> str:
    """Every row of every table of the engine, as text."""
    with _connection(url) as connection:
        schema = None if connection.dialect.name == "sqlite" else "dbos"
        names = inspect(connection).get_table_names(schema=schema)
        prefix = f"{schema}." if schema else ""
        return "\n".join(
            repr(row) for name in names for row in connection.execute(text(f'SELECT * FROM {prefix}"{name}"'))
        )


def let_in(url: str, allowed: bool) -> None:
    """Open the database to connections, or close it and end those that there are."""
    server = make_url(url)
    elsewhere = server.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {server.database} ALLOW_CONNECTIONS {allowed}")
        if not allowed:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [server.database]
            )


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    place = make_url(url)
    if place.drivername != "sqlite":
        place = place.set(drivername="postgresql+psycopg")
    engine = create_engine(place)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
