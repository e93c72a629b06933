"""What only rates in memory do: forget windows that are empty, and none that is not."""

import pytest

from headrace.engine import rates
from headrace.engine.rates import LocalRates
from tests.engine.clocks import HandClock


async def test_windows_that_are_empty_are_forgotten_and_those_in_use_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "KEPT", 10)
    clock = HandClock()
    counted = LocalRates(clock)
    assert (await counted.admit("daily", 1, 86_400)).wait == 0
    for number in range(1_000):
        assert (await counted.admit(f"account:{number}", 1, 1.0)).wait == 0
        clock.move(0.5)
    assert len(counted._windows) <= 12
    assert (await counted.admit("daily", 1, 86_400)).wait == 86_400 - 500


async def test_many_windows_in_use_are_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "KEPT", 10)
    counted = LocalRates(HandClock())
    for number in range(100):
        assert (await counted.admit(f"account:{number}", 1, 1.0)).wait == 0
    assert [(await counted.admit(f"account:{number}", 1, 1.0)).wait for number in range(100)] == [1.0] * 100
