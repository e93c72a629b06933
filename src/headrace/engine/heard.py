"""What a queued search has heard, for when it goes on after it was put off: its vendors have been paid."""

import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from msgspec.structs import replace

from headrace.domain.errors import Problem
from headrace.domain.model import Attempt, Failed, Field, Skipped
from headrace.engine.asked import Asked
from headrace.engine.converse import Reply
from headrace.engine.memory import Ages, Memory
from headrace.engine.stopwatch import Stopwatch
from headrace.ports import Clock

_ALWAYS = Ages(math.inf, math.inf)


class Heard:
    """One search's answers. `memory` is its own: no other search is told of them, whatever its account wants.
    `goes_on`: it was put off before, and had heard something."""

    def __init__(self, memory: Memory, clock: Clock, goes_on: bool) -> None:
        self._memory = memory
        self._clock = clock
        self._told: list[tuple[Asked, Reply]] = []
        self._known: set[tuple[str, str, Field]] = set()
        self.goes_on = goes_on

    async def answer(self, asked: Asked, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        """What was heard before, as if it came now; else what `ask` brings."""
        if self.goes_on and (known := await self._memory.recall(asked, _ALWAYS)):
            self._known.update(_lines_of(asked, known))
            return replace(known, obtained_at=None)
        reply = await ask()
        if reply.obtained_at is None:  # else it can be remembered again
            self._told.append((asked, reply))
        return reply

    def news(self, attempts: Iterable[Attempt]) -> list[Attempt]:
        """Those of which nothing was known before: the others were counted when they were made."""
        return [each for each in attempts if (each.provider, each.kind, each.field) not in self._known]

    async def keep(self) -> None:
        """Write down what was heard since the last time."""
        answered = [reply for _, reply in self._told if not isinstance(reply.told, Failed | Skipped)]
        self.goes_on = self.goes_on or bool(answered)
        while self._told:
            await self._keep(*self._told.pop(0))

    async def forget(self) -> None:
        """The search has ended, and nobody else is told of this."""
        with suppress(Problem):  # the database has logged it; retention forgets it later
            await self._memory.forget()

    async def _keep(self, asked: Asked, reply: Reply) -> None:
        async def heard() -> Reply:
            return reply

        await self._memory.answer(asked, heard, _ALWAYS, Stopwatch(self._clock))


def _lines_of(asked: Asked, known: Reply) -> Iterator[tuple[str, str, Field]]:
    """The lines of the trace that this makes: by whom, to which end, for which field."""
    question, told = asked.question, known.told
    for wanted in question.fields:
        if not (isinstance(told, Mapping) and isinstance(told.get(wanted), Skipped)):
            yield question.provider, "verify" if question.address else "find", wanted
