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
