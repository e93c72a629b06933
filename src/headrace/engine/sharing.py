"""Questions that are equal and out at the same time are one call."""

from collections.abc import Awaitable, Callable

from msgspec import MsgspecError

from headrace.engine import lasting
from headrace.engine.asked import Asked
from headrace.engine.converse import Reply
from headrace.engine.guard import PATIENCE
from headrace.engine.stopwatch import Stopwatch
from headrace.ports import Flights

_BESIDE = PATIENCE + 1.0
"""Seconds that a question may take beyond the vendor's own: for a place, and to write its answer down."""

Ask = Callable[[], Awaitable[Reply]]


class Sharing:
    """Puts a question for all who have it."""

    def __init__(self, flights: Flights) -> None:
        self._flights = flights

    async def answer(self, asked: Asked, ask: Ask, stopwatch: Stopwatch) -> Reply:
        """What `ask` brings, be it this one or that of an equal question which is out already. Its failure
        is shared like any answer; if it is cut off, the next of those who wait asks."""
        mine: Reply | None = None

        async def work() -> bytes:
            nonlocal mine
            stopwatch.stop()  # `ask` knows better which part of it is the vendor's
            try:
                mine = await ask()
            finally:
                stopwatch.start()
            return lasting.encode(mine)

        with stopwatch:  # who waits for another's call waits for the vendor
            landed, shared = await self._flights.once(asked.spelling, work, asked.vendor.timeout + _BESIDE)
        if mine and not shared:
            return mine
        try:
            theirs = lasting.decode(landed)
        except MsgspecError:  # from a process of another version
            return await ask()
        theirs.shared = True
        return theirs
