"""So many at a time; the rest wait in line."""

import asyncio
from collections import deque
from contextlib import suppress


class Slots:
    """Hands out `count` slots in the order in which they are asked for. What `asyncio.Semaphore` does, but a
    slot that is free is taken without a coroutine, which is what happens nearly always."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._line: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Take one if it is free now; whether it was."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self, seconds: float) -> bool:
        """Take one that another gives back within `seconds`; whether one came."""
        mine = asyncio.get_running_loop().create_future()
        self._line.append(mine)
        try:
            async with asyncio.timeout(seconds):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled():  # it came at the moment at which this was cut off
                self.give_back()
            with suppress(ValueError):
                self._line.remove(mine)
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def give_back(self) -> None:
        """The first in line has it; where nobody waits it is free."""
        while self._line:
            first = self._line.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._free += 1
