"""Questions that are equal and out at the same time are one call."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from headrace.engine.asked import Asked, Key
from headrace.engine.converse import Reply
from headrace.engine.guard import PATIENCE
from headrace.engine.stopwatch import Stopwatch
from headrace.ports import Flights

_BESIDE = PATIENCE + 1.0
"""Seconds that a question may take beyond the vendor's own, and as many again to wait for a connection of
ours: for a place, and to write its answer down."""

Ask = Callable[[], Awaitable[Reply]]


class Sharing:
    """Puts a question for all who have it."""

    def __init__(self, flights: Flights[Key, Reply]) -> None:
        self._flights = flights

    async def answer(self, asked: Asked, ask: Ask, stopwatch: Stopwatch) -> Reply:
        """What `ask` brings, be it this one or that of an equal question which is out already. Its failure
        is shared like any answer; if it is cut off, the next of those who wait asks."""
        key, seconds = asked.key, 2 * asked.vendor.timeout + _BESIDE
        if self._flights.free(key):
            return (await self._flights.once(key, ask, seconds))[0]
        waits = True

        async def work() -> Reply:
            nonlocal waits
            if waits:  # `ask` knows better which part of it is the vendor's
                waits = False
                stopwatch.stop()
            return await ask()

        stopwatch.start()  # who waits for another's call waits for the vendor
        try:
            reply, shared = await self._flights.once(key, work, seconds)
        finally:
            if waits:
                stopwatch.stop()
        return replace(reply, shared=True, obtained_at=None) if shared else reply
