"""When a queued contact that nobody could answer for is tried again, and when that is given up.

Nobody waits for it, so there is no hurry to call it "not found": a vendor that is paused or limited now, or
that fails, may well answer later.
"""

from collections.abc import Iterable, Mapping

from headrace.domain.model import VERIFY, Attempt
from headrace.ports import Pause
from headrace.providers.base import WHOLE_VENDOR

FIRST = 5.0
"""Seconds before a contact is tried again, at least."""

LONGEST = 3_600.0
"""Seconds between two tries while those that were asked fail: a call that failed may have been paid for."""

SOON = 30.0
"""Seconds between two tries, at most, while a vendor merely has no room, or is being probed: a quota is one
of seconds or of a minute."""

LONG_ENOUGH = 86_400.0
"""Seconds since it was first put off, after which a contact ends with nothing found."""

UNSERVED = 60.0
"""Seconds for which a process that has nobody to ask for a contact leaves it to others."""

_NO_ROOM = ("busy", "rate_limited_here", "no_connection_here")
_LACKING = "missing_input"


class PutOff(Exception):
    """Raised where a queued contact is to go back to its queue. Times are seconds since 1970: it is not taken
    before `until`; `since`: when it was first put off, if that counts. `goes_on`: it has heard something
    already."""

    def __init__(self, until: float, since: float | None, goes_on: bool) -> None:
        super().__init__(until, since, goes_on)
        self.until = until
        self.since = since
        self.goes_on = goes_on


def pause(attempts: Iterable[Attempt], pauses: Mapping[str, Pause], waited: float) -> float:
    """Seconds until it is worth trying again. `waited`: for how long the contact has been put off already;
    `pauses`: the breakers that are open, by name."""
    growing = min(max(FIRST, waited), LONGEST)
    passed_over = []
    for attempt in attempts:
        if attempt.outcome == "failed":
            return growing
        if attempt.outcome == "skipped" and not (attempt.reason or "").startswith(_LACKING):
            passed_over.append(_left(attempt, pauses) or min(growing, SOON))
    return max(FIRST, min(passed_over, default=growing))


def _left(attempt: Attempt, pauses: Mapping[str, Pause]) -> float:
    """Of the vendor's pause; 0 where it has none, or is being probed, or has no room."""
    if attempt.reason in _NO_ROOM:
        return 0.0
    capability = VERIFY if attempt.kind == VERIFY else attempt.field
    names = (f"{attempt.provider}:{WHOLE_VENDOR}", f"{attempt.provider}:{capability}")
    return max((pauses[name].seconds for name in names if name in pauses), default=0.0)
