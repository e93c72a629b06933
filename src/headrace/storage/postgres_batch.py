"""Many operations in one transaction of PostgreSQL, with as few round trips as they allow."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

import asyncpg

from headrace.storage.database import Each, Operation, Row, Statement, Steps

T = TypeVar("T")

_PARAMETER = re.compile(r":(\w+)")
_TAKE_TURNS = "SELECT pg_advisory_xact_lock(number) FROM unnest(CAST($1 AS bigint[])) AS number"


@dataclass(slots=True, eq=False)
class Job(Generic[T]):
    """An operation and who waits for it."""

    operation: Operation[T]
    future: "asyncio.Future[T]"
    crowd: bool = False
    key: str | None = None
    result: T | None = None
    error: BaseException | None = None

    def resolve(self) -> None:
        if self.future.cancelled():
            return
        if self.error is None:
            self.future.set_result(self.result)  # type: ignore[arg-type]
        else:
            self.future.set_exception(self.error)


@dataclass(slots=True, eq=False)
class _Walk:
    """An operation under way: the step that it waits for."""

    job: Job[Any]
    steps: Steps[Any]
    step: Statement | Each | None = None

    def on(self, rows: list[Row] | None = None) -> None:
        """To the next step, or to the end."""
        try:
            self.step = next(self.steps) if rows is None else self.steps.send(rows)
        except StopIteration as end:
            self.job.result, self.step = end.value, None
        except Exception as error:
            self.job.error, self.step = error, None


async def carry_out(connection: asyncpg.Connection, batch: Sequence[Job[Any]]) -> None:
    """Run the batch within the connection's transaction. A job whose operation raised has its `error`, and
    the transaction must then be undone."""
    await _take_turns(connection, {job.key for job in batch if job.key})
    await _in_step(connection, [job for job in batch if job.crowd])
    for job in batch:
        if not job.crowd:
            await _in_step(connection, [job])


async def _take_turns(connection: asyncpg.Connection, keys: set[str]) -> None:
    """Batches that change the same thing follow each other. All of them ask in the same order, so none waits
    for one that waits for it: the server would need a second to notice."""
    if keys:
        await connection.execute(_TAKE_TURNS, sorted(map(lock_number, keys)))


async def _in_step(connection: asyncpg.Connection, jobs: Sequence[Job[Any]]) -> None:
    """Carry operations out side by side: those that are at the same statement share one round trip."""
    walks = [_Walk(job, job.operation()) for job in jobs]
    for walk in walks:
        walk.job.error = None
        walk.on()
    while groups := _at_the_same_step(walks):
        for (kind, sql), group in groups.items():
            put = _put_each if kind is Each else _put
            for walk, rows in zip(group, await put(connection, sql, group), strict=True):
                walk.on(rows)


def _at_the_same_step(walks: Sequence[_Walk]) -> dict[tuple[type, str], list[_Walk]]:
    groups: dict[tuple[type, str], list[_Walk]] = {}
    for walk in walks:
        if walk.step is not None:
            groups.setdefault((type(walk.step), walk.step.sql), []).append(walk)
    return groups


async def _put_each(connection: asyncpg.Connection, sql: str, group: Sequence[_Walk]) -> list[list[Row]]:
    text, names = positional(sql)
    rows = [row for walk in group if isinstance(walk.step, Each) for row in walk.step.rows]
    await connection.executemany(text, [[row[name] for name in names] for row in rows])
    return [[] for _ in group]


async def _put(connection: asyncpg.Connection, sql: str, group: Sequence[_Walk]) -> list[list[Row]]:
    text, names = positional(sql)
    steps = [walk.step for walk in group if isinstance(walk.step, Statement)]
    values = [[step.parameters[name] for name in names] for step in steps]
    if "RETURNING" in sql:
        return await _change(connection, text, values)
    if "SELECT" in sql or len(values) == 1:
        return [await connection.fetch(text, *row) for row in values]
    await connection.executemany(text, values)
    return [[] for _ in values]


async def _change(connection: asyncpg.Connection, text: str, values: list[list[object]]) -> list[list[Row]]:
    """The rows that each of them changed; in a crowd that is one at most.

    Together they come without saying whose they are, which is plain when there are none, or one for each.
    In any other case it is undone, and each half is tried.
    """
    if len(values) == 1:
        return [await connection.fetch(text, *values[0])]
    attempt = connection.transaction()
    await attempt.start()
    rows = await connection.fetchmany(text, values)
    if len(rows) in (0, len(values)):
        await attempt.commit()
        return [[row] for row in rows] or [[] for _ in values]
    await attempt.rollback()
    half = len(values) // 2
    return await _change(connection, text, values[:half]) + await _change(connection, text, values[half:])


@lru_cache(maxsize=512)
def positional(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with `$1, $2` for its `:names`, and the names in that order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
    places = {name: f"${place}" for place, name in enumerate(names, 1)}
    return _PARAMETER.sub(lambda found: places[found[1]], sql), names


def lock_number(name: str) -> int:
    """The advisory lock that stands for a name: 64 bits of its hash."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
