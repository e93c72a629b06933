"""Which mail hosts are left alone, why, and until when.

A host that says "not you" or "not now" says so to the address that we come from, and for every name that it
has. So a pause holds for the receiver that is known behind a name, else for the name, and for the machine. It
is kept where other processes, and the next one, see it too.
"""

from dataclasses import dataclass
from typing import Protocol

from headrace.mail.doors import Door
from headrace.mail.keeping import Kept
from headrace.ports import Clock

MOST_HOSTS = 10_000

Names = tuple[str, str]

BLOCKED, BUSY = "blocked_earlier", "busy_earlier"


@dataclass(frozen=True, slots=True)
class Pause:
    """`reason` is what is said of addresses meanwhile; `until` is in seconds since 1970."""

    reason: str
    until: float


class Pauses(Protocol):
    """Where pauses are remembered, each under two names."""

    async def of(self, names: Names) -> Pause | None:
        """The longer one of those under `names`."""
        ...

    async def begin(self, names: Names, pause: Pause) -> None:
        """Under each of `names`, unless a longer one is there."""
        ...


class OfProcess:
    """`Pauses` of one process, and of `beyond` it where there is something beyond."""

    def __init__(self, clock: Clock, beyond: Pauses | None = None) -> None:
        self._clock = clock
        self._kept: Kept[Pause] = Kept(clock, MOST_HOSTS)
        self._beyond = beyond

    async def of(self, names: Names) -> Pause | None:
        here = max(filter(None, map(self._kept.get, names)), key=lambda pause: pause.until, default=None)
        return here or (await self._beyond.of(names) if self._beyond else None)

    async def begin(self, names: Names, pause: Pause) -> None:
        for name in names:
            before = self._kept.get(name)
            if before is None or before.until < pause.until:
                self._kept.put(name, pause, pause.until - self._clock.wall())
        if self._beyond:
            await self._beyond.begin(names, pause)


def names_of(door: Door) -> Names:
    """What a pause at `door` is kept under."""
    receiver = f"receiver {door.host.name}" if door.host.name else f"host {door.name}"
    return receiver, f"address {door.address}"
