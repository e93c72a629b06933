"""How often something may be done, and when it must not be tried."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from headrace.domain.failures import Failure


class Admission(Struct, frozen=True, gc=False):
    """Where a rate stands after one more asked.

    `wait` 0: admitted and counted; else the seconds until one would be. `remaining` would be admitted at
    once; after `reset_after` seconds the window is empty.
    """

    wait: float
    remaining: int
    reset_after: float


class Rates(Protocol):
    """Counts what is admitted, exactly, in any sliding stretch of time."""

    async def admit(self, key: str, calls: int, seconds: float) -> Admission:
        """At most `calls` in any `seconds`. A key always comes with the same two numbers. Never raises."""
        ...

    async def look(self, key: str, calls: int, seconds: float) -> Admission:
        """Where it stands, with nothing counted; `wait` is 0. Never raises."""
        ...


class Pause(Struct, frozen=True):
    """Why a vendor is left alone, for how many `seconds` more; a failed probe doubles `length`.

    `probed`: a probe found it, and so it takes the place of what was known. What any other call found only
    adds to that.
    """

    reason: Failure
    seconds: float
    length: float
    probed: bool = False


class Paused(Protocol):
    """The breakers of one process, as the others see them."""

    @property
    def names(self) -> Sequence[str]: ...

    def pauses(self) -> Mapping[str, Pause]:
        """Those that are open."""
        ...

    def hear(self, name: str, pause: Pause | None) -> None:
        """Another process found a pause to be needed, or, with `None`, to be over."""
        ...


class BreakerBoard(Protocol):
    """Where the processes of a fleet tell each other which breakers are open. Never raises."""

    def join(self, breakers: Paused) -> None:
        """Tell these from now on."""
        ...

    def opened(self, name: str, pause: Pause) -> None: ...

    def closed(self, name: str) -> None:
        """Its probe went well."""
        ...

    async def may_probe(self, name: str) -> bool:
        """Whether this process may send the one probe; `opened`, `closed` or `gave_up` must follow.

        When it may not because the others know more, the breakers have heard it before this returns.
        """
        ...

    def gave_up(self, name: str) -> None:
        """The probe told nothing: another may try."""
        ...
