"""Slots are handed out in order, and none is ever lost or given twice, whoever is cut off and when."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.engine.slots import Slots

LONG = 10.0


async def turn() -> None:
    """Let everybody who can go on do so."""
    for _ in range(4):
        await asyncio.sleep(0)


async def test_who_comes_when_all_are_taken_waits_in_line() -> None:
    slots, served = Slots(1), list[str]()

    async def customer(name: str) -> None:
        assert await slots.wait(LONG)
        served.append(name)

    assert slots.take()
    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(customer(name))
        await turn()
        assert not slots.take(), "nobody overtakes"
        for number in range(1, 4):
            slots.give_back()
            assert not slots.take(), "it belongs to the first in line"
            await turn()
            assert served == list("abc")[:number]
    slots.give_back()
    assert slots.take()


async def test_who_waited_too_long_has_none_and_leaves_the_line() -> None:
    slots = Slots(1)
    assert slots.take()
    assert not await slots.wait(0.01)
    slots.give_back()
    assert slots.take()


@pytest.mark.parametrize("first", ["given back", "cut off"])
async def test_a_slot_that_comes_at_the_moment_of_being_cut_off_goes_to_the_next(first: str) -> None:
    slots = Slots(1)
    assert slots.take()
    one, two = (asyncio.create_task(slots.wait(LONG)) for _ in range(2))
    await turn()
    events: list[Callable[[], object]] = [slots.give_back, one.cancel]
    for event in events if first == "given back" else reversed(events):
        event()
    with pytest.raises(asyncio.CancelledError):
        await one
    assert await asyncio.wait_for(two, LONG)


@given(
    most=st.integers(1, 3),
    steps=st.lists(st.sampled_from(["ask", "give back", "cut off", "turn"]), max_size=60),
)
def test_never_more_are_out_than_there_are_and_none_is_lost(most: int, steps: list[str]) -> None:
    asyncio.run(_carry_out(most, steps))


async def _carry_out(most: int, steps: list[str]) -> None:
    slots, holding, numbers = Slots(most), list[int](), count()
    waiting: dict[int, asyncio.Task[None]] = {}

    async def wait(number: int) -> None:
        if await slots.wait(LONG):
            holding.append(number)

    for step in steps:
        if step == "ask" and slots.take():
            holding.append(next(numbers))
        elif step == "ask":
            number = next(numbers)
            waiting[number] = asyncio.create_task(wait(number))
        elif step == "give back" and holding:
            holding.pop()
            slots.give_back()
        elif step == "cut off" and waiting:
            waiting.pop(min(waiting)).cancel()
        elif step == "turn":
            await turn()
        assert len(holding) <= most

    for task in waiting.values():
        task.cancel()
    await turn()
    assert _given_back(slots, len(holding)) == most


def _given_back(slots: Slots, out: int) -> int:
    """How many there are once all that are out have come back."""
    for _ in range(out):
        slots.give_back()
    return sum(iter(slots.take, False))
