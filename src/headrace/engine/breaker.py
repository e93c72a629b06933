"""Stops asking a vendor that cannot answer, and tries again with a single probe."""

from dataclasses import dataclass

from headrace.domain.failures import Failure, consequence

THRESHOLD = 5
"""Failures in a row that open a breaker."""

PAUSE = 30.0
"""Seconds before the first probe; doubles with each failed one."""

LONGEST_PAUSE = 600.0

RATE_LIMIT_PAUSE = 5.0
"""Seconds to leave a vendor alone that says "too many" without saying until when."""

LONGEST_RETRY_AFTER = 60.0
"""A vendor may ask for any wait; beyond this many seconds it is probed anyway."""


@dataclass(slots=True)
class Breaker:
    """One vendor's capability, or a whole vendor. Times are seconds on a forward-only clock.

    Closed: calls pass. Open: none pass until `_opens_until`. Then exactly one probe passes; it closes the
    breaker or opens it for twice as long.
    """

    reason: Failure | None = None
    _run: int = 0
    _pause: float = PAUSE
    _open_until: float = 0.0
    _probing: bool = False

    def admits(self, now: float) -> bool:
        """Whether a call may go; the one that goes after an open spell is the probe."""
        if self.reason is None:
            return True
        if now < self._open_until or self._probing:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        if self.reason is not None and not self._probing:
            return  # it was asked before the pause began, and so says nothing about its end
        self.reason = None
        self._run = 0
        self._pause = PAUSE
        self._probing = False

    def failed(self, now: float, failure: Failure, retry_after: float | None = None) -> bool:
        """Count a failure; true when it opened the breaker."""
        effect = consequence(failure)
        probed, self._probing = self._probing, False
        if not effect.counts:
            return False
        self._run += 1
        if not (effect.opens_at_once or probed or self._run >= THRESHOLD):
            return False
        newly_open = self.reason is None
        self.reason = failure
        self._open_until = now + self._spell(failure, retry_after, probed)
        return newly_open

    def gave_up(self) -> None:
        """A call ended without telling anything about the vendor."""
        self._probing = False

    def _spell(self, failure: Failure, retry_after: float | None, probed: bool) -> float:
        if failure is Failure.RATE_LIMITED:
            return min(retry_after or RATE_LIMIT_PAUSE, LONGEST_RETRY_AFTER)
        if probed:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return self._pause
