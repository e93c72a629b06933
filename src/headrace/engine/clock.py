"""The machine's clocks."""

import time


class SystemClock:
    """`ports.Clock` on the operating system."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()
