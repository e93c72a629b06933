"""What a process is given: the time, somebody who counts, and fences between it and others."""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from headrace.domain.model import Attempt, Enrichment


class Clock(Protocol):
    """Time that only goes forward, in seconds, and the wall's, in seconds since 1970."""

    def monotonic(self) -> float: ...

    def wall(self) -> float: ...


class Meter(Protocol):
    """Counts what happened. Labels never hold personal data."""

    def enrichment(self, enrichment: Enrichment, attempts: Iterable[Attempt]) -> None:
        """One that has ended, with those of its attempts that were not counted before."""
        ...

    def attempts(self, attempts: Iterable[Attempt]) -> None:
        """Those of one that has not ended yet, and will be tried again."""
        ...

    def spent(self, provider: str, credits: float) -> None:
        """What came to be spent, in the vendor's credits, after its attempts were counted."""
        ...


Fence = Callable[[str], AbstractAsyncContextManager[None]]
"""Makes a context that one process of the fleet is inside of at a time."""
