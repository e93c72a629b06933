"""Stops asking a vendor that cannot answer, and tries again with a single probe."""

from msgspec import Struct

from headrace.domain.failures import Failure, consequence
from headrace.ports import Pause

THRESHOLD = 5
"""Failures in a row that open a breaker."""

PAUSE = 30.0
"""Seconds before the first probe; doubles with each failed one."""

LONGEST_PAUSE = 600.0

RATE_LIMIT_PAUSE = 5.0
"""Seconds to leave a vendor alone that says "too many" without saying until when."""

LONGEST_RETRY_AFTER = 60.0
"""Seconds. A vendor may ask for any wait; after this one it is probed anyway, and after one of 0 at once."""

CALM = 0
"""The ticket of a call that went while the breaker was closed; a probe's is another number."""


class Breaker(Struct):
    """One vendor's capability, or a whole vendor. Times are seconds on a forward-only clock.

    Closed: calls pass. Open: none pass until `_open_until`. Then exactly one probe passes; it closes the
    breaker or opens it for twice as long. A call's end comes with the ticket it went on, so that the end of
    an older call is not taken for the probe's: what that one met with can make a pause longer or its reason
    louder, and never the reverse.
    """

    reason: Failure | None = None
    _run: int = 0
    _pause: float = PAUSE
    _open_until: float = 0.0
    _probe: int = CALM
    _probes: int = 0

    def enter(self, now: float) -> int | None:
        """The ticket of a call that may go, else `None`; the first after an open spell is the probe."""
        if self.reason is None:
            return CALM
        if self.shuts_out(now):
            return None
        self._probes += 1
        self._probe = self._probes
        return self._probe

    def shuts_out(self, now: float) -> bool:
        """Whether no call may go now."""
        return self.reason is not None and (now < self._open_until or self._probe != CALM)

    def succeeded(self, ticket: int) -> bool:
        """A call ended well; true when it closed the breaker."""
        if self.reason is None:
            self._run = 0
            return False
        if not self._ends_probe(ticket):
            return False  # it was asked before the pause began, and so says nothing about its end
        self.close()
        return True

    def failed(
        self, ticket: int, now: float, failure: Failure, retry_after: float | None = None
    ) -> Pause | None:
        """Count a failure; returns the pause that it calls for, if that changed anything."""
        effect = consequence(failure)
        probed = self._ends_probe(ticket)
        if not effect.counts:
            return None
        self._run += 1
        if not (effect.opens_at_once or probed or self._run >= THRESHOLD):
            return None
        seconds = self._spell(failure, retry_after, probed)
        found = Pause(failure, seconds, self._pause, probed)
        return found if self.adopt(now, found) else None

    def gave_up(self, ticket: int) -> None:
        """A call ended without telling anything about the vendor."""
        self._ends_probe(ticket)

    def pause(self, now: float) -> Pause | None:
        """What is left of the pause, if it is open."""
        if self.reason is None:
            return None
        return Pause(self.reason, max(0.0, self._open_until - now), self._pause)

    def adopt(self, now: float, found: Pause) -> bool:
        """Be open as a call of this process or of another has found; true when that changed anything.

        A probe that is out stays the probe.
        """
        until = now + found.seconds
        if self.reason is None or found.probed:
            self.reason, self._open_until, self._pause = found.reason, until, found.length
            return True
        # The call went out before the pause began, and so knows nothing of its end.
        weightier = (_is_loud(found.reason), until) > (_is_loud(self.reason), self._open_until)
        changed = weightier or until > self._open_until
        if weightier:
            self.reason = found.reason
        self._open_until = max(self._open_until, until)
        self._pause = max(self._pause, found.length)
        return changed

    def close(self) -> None:
        self.reason = None
        self._run = 0
        self._pause = PAUSE
        self._probe = CALM

    def _ends_probe(self, ticket: int) -> bool:
        if ticket == CALM or ticket != self._probe:
            return False
        self._probe = CALM
        return True

    def _spell(self, failure: Failure, retry_after: float | None, probed: bool) -> float:
        if failure is Failure.RATE_LIMITED:
            return RATE_LIMIT_PAUSE if retry_after is None else min(retry_after, LONGEST_RETRY_AFTER)
        if probed:
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return self._pause


def _is_loud(reason: Failure) -> bool:
    """Whether an operator must act; no quieter reason may hide that."""
    return consequence(reason).loud
