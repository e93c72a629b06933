"""What is known of domains, at hand: confidences are stated on every answer, and must not wait for it."""

from collections.abc import Awaitable, Callable, Sequence

from headrace.domain.model import Contact
from headrace.finder.combine import neutral, prior
from headrace.finder.fit import Habit
from headrace.finder.learning import Knowledge
from headrace.finder.patterns import candidates

MOST = 5_000
"""Domains at hand: those that were learned from most recently."""

_OVERLAP = 10.0
"""Seconds by which the clocks of a fleet may differ."""

_AMPLE = 10

Lines = Sequence[tuple[bytes, Callable[[], Knowledge], float]]
"""Domains by their keyed hash, what is known of each, and since when (seconds since 1970)."""

Recent = Callable[[float, int], Awaitable[Lines]]
"""Those that were learned from since then, so many at most. Raises `Problem(storage_unavailable)`."""


class Habits:
    """The domains' habits as of the last `refresh`. `digest`: what a domain is kept under."""

    def __init__(
        self, recent: Recent | None = None, digest: Callable[[str], bytes] = lambda domain: domain.encode()
    ) -> None:
        self._recent = recent
        self._digest = digest
        self._lines: dict[bytes, tuple[Callable[[], Knowledge], float]] = {}
        self._ready: dict[str, tuple[Habit, float]] = {}
        self._newest = 0.0

    async def refresh(self) -> None:
        """Take in what was learned since. Raises `Problem(storage_unavailable)`."""
        if self._recent is None:
            return
        lines = await self._recent(self._newest - _OVERLAP, MOST)
        for key, known, at in reversed(lines):
            self._lines.pop(key, None)  # so that it counts as new
            self._lines[key] = known, at
            self._newest = max(self._newest, at)
        while len(self._lines) > MOST:
            del self._lines[next(iter(self._lines))]

    def before(self, contact: Contact, address: str, *, guessed: bool) -> float:
        """The probability that an address exists, before anybody was asked about it."""
        first, last = contact.first_name, contact.last_name
        local, _, domain = address.rpartition("@")
        if not (first and last):
            return neutral()
        if guessed:
            return prior(self._chance(first, last, address, domain))
        habit = self._habit(domain)
        return neutral(habit.fit(first, last, local)) if habit else neutral()

    def _chance(self, first: str, last: str, address: str, domain: str) -> float:
        line = self._lines.get(self._digest(domain))
        found = candidates(first, last, domain, line[0]() if line else None, limit=_AMPLE)
        return next((each.probability for each in found if each.email == address), 0.0)

    def _habit(self, domain: str) -> Habit | None:
        line = self._lines.get(self._digest(domain)) if self._lines else None
        if line is None:
            return None
        ready = self._ready.get(domain)
        if ready is None or ready[1] != line[1]:
            if len(self._ready) >= MOST:
                self._ready.clear()
            ready = self._ready[domain] = Habit(domain, line[0]()), line[1]
        return ready[0]
