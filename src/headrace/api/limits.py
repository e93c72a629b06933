"""How often an account may ask."""

import math
from collections import OrderedDict
from dataclasses import dataclass

from headrace.domain.errors import Problem
from headrace.engine.window import Window
from headrace.ports import Clock

_ACCOUNTS = 10_000
"""Windows kept; the longest unused is forgotten first, by when it has long been empty."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands with its limit; `reset` is in whole seconds."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class AccountLimits:
    """At most `per_second` requests of one account in any second, whichever of its keys they use."""

    def __init__(self, per_second: int, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def admit(self, account_id: str) -> Standing:
        """Count one request. Raises `Problem(rate_limited)`."""
        window = self._window(account_id)
        now = self._clock.monotonic()
        wait = window.admit(now)
        if wait:
            seconds = max(1, math.ceil(wait))
            raise Problem("rate_limited", retry_after=seconds, seconds=seconds)
        return Standing(self._per_second, window.remaining(now), math.ceil(window.reset_after(now)))

    def exhausted(self) -> Standing:
        """What a refused request is told."""
        return Standing(self._per_second, 0, 1)

    def _window(self, account_id: str) -> Window:
        window = self._windows.get(account_id)
        if window is None:
            window = self._windows[account_id] = Window(self._per_second, 1.0)
            if len(self._windows) > _ACCOUNTS:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(account_id)
        return window
