"""At most so many in any sliding stretch of time, exactly."""

from collections import deque


class Window:
    """A sliding log: `calls` in any `seconds`, counted on the clock that only goes forward.

    Not a token bucket: those let a burst through on top of the rate.
    """

    __slots__ = ("_at", "calls", "seconds")

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self._at: deque[float] = deque(maxlen=calls)

    def admit(self, now: float) -> float:
        """Zero when admitted (and counted), else the seconds until one more would be."""
        if len(self._at) == self.calls:
            wait = self._at[0] + self.seconds - now
            if wait > 0:
                return wait
        self._at.append(now)
        return 0.0

    def remaining(self, now: float) -> int:
        """How many more would be admitted at once."""
        self._forget(now)
        return self.calls - len(self._at)

    def reset_after(self, now: float) -> float:
        """Seconds until the window is empty again."""
        return max(0.0, self._at[-1] + self.seconds - now) if self._at else 0.0

    def _forget(self, now: float) -> None:
        while self._at and self._at[0] + self.seconds <= now:
            self._at.popleft()
