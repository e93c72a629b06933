"""A clock that is moved by hand."""


class HandClock:
    """`ports.Clock` that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds
