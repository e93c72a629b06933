"""What a queued search has heard, for when it goes on after it was put off: its vendors have been paid."""

import math
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

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
        self.goes_on = goes_on

    async def answer(self, asked: Asked, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        """What was heard before, as if it came now; else what `ask` brings."""
        if self.goes_on and (known := await self._memory.recall(asked, _ALWAYS)):
            return replace(known, obtained_at=None)
        reply = await ask()
        if reply.obtained_at is None:  # else it can be remembered again
            self._told.append((asked, reply))
        return reply

    async def keep(self) -> None:
        """Write down what was heard since the last time."""
        self.goes_on = self.goes_on or bool(self._told)
        while self._told:
            await self._keep(*self._told.pop(0))

    async def _keep(self, asked: Asked, reply: Reply) -> None:
        async def heard() -> Reply:
            return reply

        await self._memory.answer(asked, heard, _ALWAYS, Stopwatch(self._clock))
