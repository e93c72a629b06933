"""How often mail hosts are bothered: turns at each, a pace over all, a cap per domain and day, and no return
for a while to a host that has told us to stay away, or to come less often."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from headrace.mail.doors import Door
from headrace.mail.keeping import Kept, Turns
from headrace.mail.pauses import BLOCKED, BUSY, MOST_HOSTS, OfProcess, Pause, Pauses, names_of
from headrace.mail.progress import Progress
from headrace.ports import Clock

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Limits:
    """Sessions: `at_once` over all hosts, `per_second` over all hosts (0: any number), `daily_per_domain`.

    `stay_away`, `hold_back`, `pass_over`: seconds for which a host is left alone that does not want us, that
    has had enough of us for now, and that is silent.
    """

    at_once: int = 100
    per_second: float = 20.0
    daily_per_domain: int = 300
    stay_away: float = 4 * 3600
    hold_back: float = 300.0
    pass_over: float = 60.0


class Withheld(Exception):
    """This session does not take place. `reason` is a code; before `until` (seconds since 1970) none does.

    `elsewhere`: another mail host may be asked instead. Who does not want us is not got round by its backup.
    """

    def __init__(self, reason: str, until: float = 0.0, *, elsewhere: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.until = until
        self.elsewhere = elsewhere


class Pace:
    """Gives out the turns. `pauses`: where they are kept beyond this process."""

    def __init__(
        self,
        limits: Limits,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        pauses: Pauses | None = None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._hosts = Turns()
        self._machines = Turns()
        self._whole = Turns()
        self._next = 0.0
        self._day = 0
        self._asked: dict[str, int] = {}
        self._pauses = OfProcess(clock, pauses)
        self._silent: Kept[str] = Kept(clock, MOST_HOSTS)

    @asynccontextmanager
    async def turn(
        self, door: Door, domain: str, progress: Progress, ahead: bool = False
    ) -> AsyncIterator[None]:
        """One session at `door` about an address of `domain`. Raises `Withheld`. `ahead`: what is begun is
        finished before more is begun.

        Many names lead to one machine, and one name to many: turns are taken at both, always in this order.
        """
        progress.waiting = True
        at_once = door.host.at_once.value if door.host.at_once else 1
        machine = str(door.address)
        async with (
            self._hosts.of(door.name, at_once, ahead),
            self._machines.of(machine, at_once, ahead),
            self._whole.of("", self._limits.at_once, ahead),
        ):
            await self._admit(door, domain)
            await self._in_step()
            progress.waiting = False
            yield

    async def stay_away(self, door: Door) -> float:
        """It has refused us as such, so nothing can be learnt there for some hours. Returns until when."""
        return await self._pause(door, BLOCKED, self._limits.stay_away)

    async def hold_back(self, door: Door) -> float:
        """It has had enough of us for some minutes. Returns until when."""
        return await self._pause(door, BUSY, self._limits.hold_back)

    def pass_over(self, door: Door, fault: str) -> None:
        """It was silent, so for a moment nobody else waits for it."""
        self._silent.put(str(door.address), fault, self._limits.pass_over)

    async def _pause(self, door: Door, reason: str, seconds: float) -> float:
        until = self._clock.wall() + seconds
        await self._pauses.begin(names_of(door), Pause(reason, until))
        return until

    async def _admit(self, door: Door, domain: str) -> None:
        pause = await self._pauses.of(names_of(door))
        if pause is not None:
            raise Withheld(pause.reason, pause.until, elsewhere=pause.reason == BUSY)
        silence = self._silent.get(str(door.address))
        if silence is not None:
            raise Withheld(silence, elsewhere=True)
        day = int(self._clock.wall() // DAY)
        if day != self._day:
            self._day = day
            self._asked.clear()
        asked = self._asked.get(domain, 0)
        if asked >= self._limits.daily_per_domain:
            raise Withheld("daily_cap_reached")
        self._asked[domain] = asked + 1

    async def _in_step(self) -> None:
        if self._limits.per_second <= 0:
            return
        now = self._clock.monotonic()
        start = max(now, self._next)
        self._next = start + 1 / self._limits.per_second
        if start > now:
            await self._sleep(start - now)
