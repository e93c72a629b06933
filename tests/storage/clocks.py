"""Time that passes when a test says so."""

import time


class SetClock:
    """The wall's clock, in seconds since 1970, at `now`."""

    def __init__(self, now: float) -> None:
        self.now = now

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return time.monotonic()
