"""What only single-flight in memory must take care of; its contract is tested beside the fleet's."""

import asyncio

import pytest

from headrace.engine.flights import LocalFlights


async def late() -> bytes:
    await asyncio.sleep(0.05)
    return b"late"


async def never() -> bytes:
    await asyncio.Event().wait()
    return b""


async def fails() -> bytes:
    raise ZeroDivisionError


async def test_nothing_is_kept_of_work_that_has_ended_failed_or_been_cancelled() -> None:
    flights: LocalFlights[bytes] = LocalFlights()
    assert await flights.once("key", late, 60) == (b"late", False)
    with pytest.raises(ZeroDivisionError):
        await flights.once("key", fails, 60)
    asked = asyncio.create_task(flights.once("key", never, 60))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    assert flights._flights == {}


async def test_work_that_was_given_up_for_late_does_not_end_what_came_after_it() -> None:
    flights: LocalFlights[bytes] = LocalFlights()
    first = asyncio.create_task(flights.once("key", late, 0.01))
    await asyncio.sleep(0.02)
    second = asyncio.create_task(flights.once("key", never, 60))
    assert await first == (b"late", False)
    third = asyncio.create_task(flights.once("key", fails, 60))
    await asyncio.sleep(0)
    assert not third.done(), "it waits for the second"
    second.cancel()
    with pytest.raises(ZeroDivisionError):
        await third
