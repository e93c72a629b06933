"""Single-flight in this process."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class _Flight(Generic[T], Struct):
    """Work under way until `until` at most. `landed`, which is there once somebody waits for it, will hold
    its result, or `None` if it failed."""

    until: float
    landed: asyncio.Future[T | None] | None = None


class LocalFlights(Generic[T]):
    """`ports.Flights` in memory."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    def free(self, key: Hashable) -> bool:
        return key not in self._flights

    async def once(self, key: Hashable, work: Callable[[], Awaitable[T]], seconds: float) -> tuple[T, bool]:
        loop = asyncio.get_running_loop()
        while (flight := self._flights.get(key)) and flight.until > loop.time():
            landed = flight.landed = flight.landed or loop.create_future()
            # `wait` and not `await`: a follower that is cancelled must not cancel what the others wait for.
            await asyncio.wait([landed], timeout=flight.until - loop.time())
            if landed.done() and (result := landed.result()) is not None:
                return result, True
        mine = self._flights[key] = _Flight(loop.time() + seconds)
        result = None
        try:
            result = await work()
        finally:
            if self._flights.get(key) is mine:
                del self._flights[key]
            if mine.landed:
                mine.landed.set_result(result)
        return result, False
