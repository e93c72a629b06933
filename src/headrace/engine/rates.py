"""Rates counted in this process."""

from collections import OrderedDict

from headrace.engine.window import Window
from headrace.ports import Admission, Clock

KEPT = 10_000
"""Windows kept before empty ones are forgotten, the longest unused first."""


class LocalRates:
    """`ports.Rates` in memory, on the clock that only goes forward."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, Window] = OrderedDict()

    async def admit(self, key: str, calls: int, seconds: float) -> Admission:
        now = self._clock.monotonic()
        window = self._windows.get(key)
        if window is None:
            window = self._add(key, Window(calls, seconds), now)
        else:
            self._windows.move_to_end(key)
        wait = window.admit(now)
        return Admission(wait, window.remaining(now), window.reset_after(now))

    async def look(self, key: str, calls: int, seconds: float) -> Admission:
        window, now = self._windows.get(key) or Window(calls, seconds), self._clock.monotonic()
        return Admission(0.0, window.remaining(now), window.reset_after(now))

    def _add(self, key: str, window: Window, now: float) -> Window:
        self._windows[key] = window
        for _ in range(
            min(2, len(self._windows) - KEPT)
        ):  # two looked at for each new one: they cannot pile up
            oldest, kept = self._windows.popitem(last=False)
            if kept.reset_after(now) > 0:
                self._windows[oldest] = kept
        return window
