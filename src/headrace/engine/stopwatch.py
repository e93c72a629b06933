"""How long at least one vendor was being waited for."""

from headrace.ports import Clock


class Stopwatch:
    """Adds up the time during which it is entered at least once; overlapping stretches count once."""

    __slots__ = ("_entered", "_since", "_total", "now")

    def __init__(self, clock: Clock) -> None:
        self.now = clock.monotonic
        self._entered = 0
        self._since = 0.0
        self._total = 0.0

    def start(self) -> None:
        if self._entered == 0:
            self._since = self.now()
        self._entered += 1

    def stop(self, *_: object) -> None:
        self._entered -= 1
        if self._entered == 0:
            self._total += self.now() - self._since

    __enter__, __exit__ = start, stop

    @property
    def seconds(self) -> float:
        """The total so far."""
        running = self.now() - self._since if self._entered else 0.0
        return self._total + running
