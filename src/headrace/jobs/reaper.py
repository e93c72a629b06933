"""Finishes what a machine that died, or was taken away, had begun."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import structlog

from headrace.jobs.durable import Durable

Alive = Callable[[str], Awaitable[bool]]
"""Whether an executor lives."""

log = structlog.get_logger()


async def reap(durable: Durable, is_alive: Alive, fence: AbstractAsyncContextManager[object]) -> int:
    """Put jobs of dead executors, and those that our own lost, back into the queue; returns how many.

    Only one process of the fleet may be inside `fence`. An executor must count as alive before it launches
    its `Durable`, best inside the same fence: that takes up its old jobs, and nobody may take them from it.
    """
    taken = await _take(durable, durable.executor)
    if await _dead(durable, is_alive):
        async with fence:
            for executor in await _dead(durable, is_alive):  # another process may just have been here
                taken += await _take(durable, executor)
    return taken


async def _dead(durable: Durable, is_alive: Alive) -> list[str]:
    """Executors that have jobs and do not live."""
    others = await asyncio.to_thread(durable.executors) - {durable.executor}
    return [executor for executor in sorted(others) if not await is_alive(executor)]


async def _take(durable: Durable, executor: str) -> int:
    jobs = await asyncio.to_thread(durable.resume_jobs_of, executor)
    if jobs:
        log.warning("jobs_taken_over", executor=executor, jobs=jobs)
    return jobs
