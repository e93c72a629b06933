"""A clock that stands still until it is told otherwise."""

from dataclasses import dataclass


@dataclass(slots=True)
class FakeClock:
    """`now` is in seconds since 1970."""

    now: float = 1_800_000_000.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now
