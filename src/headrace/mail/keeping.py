"""Two small things that every lookup needs: values kept for a while, and turns per name."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from headrace.ports import Clock

V = TypeVar("V")


class Kept(Generic[V]):
    """Values by name, each for its own number of seconds; beyond `most`, those not used for longest go."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._values: OrderedDict[str, tuple[V, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, name: str) -> V | None:
        value, until = self._values.get(name, (None, 0.0))
        if value is None or self._clock.monotonic() >= until:
            self._values.pop(name, None)
            return None
        self._values.move_to_end(name)
        return value

    def put(self, name: str, value: V, seconds: float) -> None:
        if seconds <= 0:
            return
        self._values[name] = (value, self._clock.monotonic() + seconds)
        self._values.move_to_end(name)
        while len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, name: str) -> None:
        self._values.pop(name, None)


class _Gate:
    """Places, given out first come, first served; but who is `ahead` before all others."""

    def __init__(self, places: int) -> None:
        self.users = 0
        self._free = places
        self._ahead: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def enter(self, ahead: bool) -> None:
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        (self._ahead if ahead else self._others).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was given to who had just gone
                self.leave()
            raise

    def leave(self) -> None:
        for queue in (self._ahead, self._others):
            while queue:
                place = queue.popleft()
                if not place.cancelled():
                    place.set_result(None)
                    return
        self._free += 1


class Turns:
    """At most so many at once per name, and first come, first served. Names nobody uses take no memory."""

    def __init__(self) -> None:
        self._gates: dict[str, _Gate] = {}

    def __len__(self) -> int:
        return len(self._gates)

    @asynccontextmanager
    async def of(self, name: str, at_once: int = 1, ahead: bool = False) -> AsyncIterator[None]:
        """Waits for a turn; `ahead`: before those who are not. `at_once` counts for the first user; those
        that meet it share its gate."""
        gate = self._gates.get(name)
        if gate is None:
            gate = self._gates[name] = _Gate(at_once)
        gate.users += 1
        try:
            await gate.enter(ahead)
            try:
                yield
            finally:
                gate.leave()
        finally:
            gate.users -= 1
            if not gate.users:
                del self._gates[name]
