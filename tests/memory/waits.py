"""Vendors that answer when a test lets them, and who waits for their answer: neither goes by the clock."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from headrace.engine.flights import LocalFlights
from headrace.sandbox import app
from tests.faults.waiting import until

_LOOK_AGAIN = 0.01
"""Seconds."""

_ALL = 1_000
"""More answers than any test leaves to be given."""


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Semaphore]:
    """Of vendors that take any time at all: they take it, and give as many answers as are released."""
    released = threading.Semaphore(0)

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)
        while not released.acquire(blocking=False):  # noqa: ASYNC110 - it is released in another thread
            await asyncio.sleep(_LOOK_AGAIN)

    monkeypatch.setattr(app, "asyncio", SimpleNamespace(sleep=sleep))
    yield released
    released.release(_ALL)


class Asking:
    """Who has ever asked a question, be it of the vendor or of those who ask it already."""

    def __init__(self) -> None:
        self.many = 0

    async def reaches(self, many: int) -> None:
        """Returns once so many have."""

        async def reached() -> bool:
            await asyncio.sleep(_LOOK_AGAIN)
            return self.many >= many

        await until(reached)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Asking:
    found, once = Asking(), LocalFlights.once

    async def counted(
        flights: Any, key: object, work: Callable[[], Awaitable[Any]], seconds: float
    ) -> tuple[Any, bool]:
        found.many += 1
        return await once(flights, key, work, seconds)

    monkeypatch.setattr(LocalFlights, "once", counted)
    return found
