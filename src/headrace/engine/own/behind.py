"""Lessons are written down behind the answers that they came with."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from headrace.domain.errors import Problem
from headrace.engine.own.knowing import Knowing, Lesson
from headrace.finder.learning import Knowledge

_GATHER = 0.5
"""Seconds between two writes, in which lessons gather: many of one moment are about few domains."""


class Behind:
    """`Knowing` whose lessons nobody waits for: shortly after others they gather, and go down together. Who
    asks meanwhile has them written at once, so what was learned is known to the next question. A crash loses
    what was not written yet, and so does a database that is away."""

    def __init__(self, knowing: Knowing) -> None:
        self._knowing = knowing
        self._waiting: dict[str, list[Lesson]] = {}
        self._writing: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._written_at = -_GATHER

    async def of(self, domain: str) -> Knowledge | None:
        await self.finish()
        return await self._knowing.of(domain)

    async def domain_of(self, company: str) -> str | None:
        await self.finish()
        return await self._knowing.domain_of(company)

    async def learn(self, *lessons: Lesson) -> None:
        """Returns at once."""
        for each in lessons:
            self._waiting.setdefault(each.domain, []).append(each)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def finish(self) -> None:
        """Wait until what was learned so far is written."""
        for _ in range(2):  # what is being written, and what has gathered since
            if self._writing:
                self._wanted.set()
                await asyncio.wait([self._writing])

    async def _write(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._written_at + _GATHER):
                await self._wanted.wait()
        self._wanted.clear()
        lessons, self._waiting = self._waiting, {}
        try:
            await asyncio.gather(*map(self._put_down, lessons.values()))
        finally:
            self._written_at = asyncio.get_running_loop().time()
            self._writing = asyncio.create_task(self._write()) if self._waiting else None

    async def _put_down(self, lessons: Sequence[Lesson]) -> None:
        with suppress(Problem):  # the database has logged it
            await self._knowing.learn(*lessons)
