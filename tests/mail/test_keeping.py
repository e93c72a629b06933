"""Values that are kept, and turns."""

import asyncio

import pytest

from headrace.mail.keeping import Kept, Turns
from tests.mail.setting import ManualClock


def test_values_go_when_they_are_too_old() -> None:
    clock = ManualClock()
    kept: Kept[str] = Kept(clock, 10)
    kept.put("a", "x", 5)
    clock.now += 4.9
    assert kept.get("a") == "x"
    clock.now += 0.1
    assert kept.get("a") is None
    assert len(kept) == 0


def test_those_not_used_for_longest_go_first() -> None:
    kept: Kept[int] = Kept(ManualClock(), 3)
    for number, name in enumerate("abc"):
        kept.put(name, number, 60)
    kept.get("a")
    kept.put("d", 3, 60)
    assert [kept.get(name) for name in "abcd"] == [0, None, 2, 3]


@pytest.mark.parametrize("seconds", [0, -1])
def test_nothing_is_kept_for_no_time(seconds: float) -> None:
    kept: Kept[str] = Kept(ManualClock(), 3)
    kept.put("a", "x", seconds)
    assert len(kept) == 0


async def test_turns_leave_nothing_behind() -> None:
    turns = Turns()
    order: list[int] = []

    async def take(number: int) -> None:
        async with turns.of("a"):
            order.append(number)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(take(number)) for number in range(5)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 1, 3, 4]
    assert len(turns) == 0


async def test_who_is_ahead_goes_before_those_who_came_earlier() -> None:
    turns, order = Turns(), []

    async def take(number: int, ahead: bool) -> None:
        async with turns.of("a", ahead=ahead):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(take(number, number in (3, 5)) for number in range(6)))
    assert order == [0, 3, 5, 1, 2, 4]


async def test_a_place_that_is_given_to_who_has_just_gone_is_not_lost() -> None:
    turns = Turns()
    inside, leave = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with turns.of("a"):
            inside.set()
            await leave.wait()

    async def take() -> None:
        async with turns.of("a"):
            pass

    holding = asyncio.create_task(hold())
    await inside.wait()
    going, staying = asyncio.create_task(take()), asyncio.create_task(take())
    await asyncio.sleep(0)
    leave.set()
    await holding  # the place is `going`'s now, which does not know it yet
    going.cancel()
    await staying
    assert len(turns) == 0
