"""Wait for a condition, with a bound."""

import asyncio
from collections.abc import Awaitable, Callable

_BOUND = 20.0


async def until(holds: Callable[[], bool]) -> None:
    """Returns when it holds."""
    async with asyncio.timeout(_BOUND):
        while not holds():  # noqa: ASYNC110 - it may be about another process
            await asyncio.sleep(0.01)


async def until_so(holds: Callable[[], Awaitable[bool]]) -> None:
    """`until`, for what must be asked."""
    async with asyncio.timeout(_BOUND):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
