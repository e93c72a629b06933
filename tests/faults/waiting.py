"""Waiting for what must become true, by asking again rather than by the clock; and making others wait."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds, for a machine that stands still at times."""

_PAUSE = 0.005
"""Seconds in which those that are waited for may go on."""


async def until(question: Callable[[], Awaitable[T | None]]) -> T:
    """The first answer that is one."""
    end = time.monotonic() + PATIENCE
    while not (answer := await question()):
        assert time.monotonic() < end, "it never became true"
        await asyncio.sleep(_PAUSE)
    return answer


def pass_time(seconds: float) -> None:
    """So much later for all that waits in this event loop: its time-outs come now, and in their order."""
    loop = asyncio.get_running_loop()
    really = loop.time
    loop.time = lambda: really() + seconds  # type: ignore[method-assign]


class Gate:
    """What calls of a server's own methods wait at. They come in the server's thread, the test opens in its
    own; so what is seen meanwhile does not hang on who is quicker."""

    def __init__(self) -> None:
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def before(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The method, which begins once the gate is open."""

        @wraps(method)
        async def waits(*arguments: Any, **more: Any) -> Any:
            while not self._opened.is_set():  # noqa: ASYNC110 - it is opened in another thread
                await asyncio.sleep(_PAUSE)
            return await method(*arguments, **more)

        return waits
