"""How long at least one vendor was being waited for."""

from headrace.ports import Clock


class Stopwatch:
    """Adds up the time during which it is entered at least once; overlapping stretches count once."""

    __slots__ = ("_clock", "_entered", "_since", "_total")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entered = 0
        self._since = 0.0
        self._total = 0.0

    def __enter__(self) -> None:
        if self._entered == 0:
            self._since = self._clock.monotonic()
        self._entered += 1

    def __exit__(self, *_: object) -> None:
        self._entered -= 1
        if self._entered == 0:
            self._total += self._clock.monotonic() - self._since

    @property
    def seconds(self) -> float:
        """The total so far."""
        running = self._clock.monotonic() - self._since if self._entered else 0.0
        return self._total + running
