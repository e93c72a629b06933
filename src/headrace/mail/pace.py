"""How often mail hosts are bothered: turns at each, a pace over all, a cap per domain and day, and no return
to a host that has told us to stay away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from headrace.mail.keeping import Kept, Turns
from headrace.ports import Clock

DAY = 86_400
MOST_BLOCKS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Sessions: `at_once` over all hosts, `per_second` over all hosts (0: any number), `daily_per_domain`.

    `stay_away`: seconds for which a host is left alone that does not want our address.
    """

    at_once: int = 100
    per_second: float = 20.0
    daily_per_domain: int = 300
    stay_away: float = 4 * 3600


class Withheld(Exception):
    """This session does not take place; the argument is the reason's code."""


class Pace:
    """Gives out the turns."""

    def __init__(
        self, limits: Limits, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._hosts = Turns()
        self._whole = asyncio.Semaphore(limits.at_once)
        self._next = 0.0
        self._day = 0
        self._asked: dict[str, int] = {}
        self._unwelcome: Kept[bool] = Kept(clock, MOST_BLOCKS)

    @asynccontextmanager
    async def turn(self, host: str, domain: str, at_once: int = 1) -> AsyncIterator[None]:
        """One session with the mail host `host` about an address of `domain`. Raises `Withheld`."""
        async with self._hosts.of(host, at_once), self._whole:
            self._admit(host, domain)
            await self._in_step()
            yield

    def stay_away(self, host: str) -> None:
        """It has refused us as such, so nothing can be learnt there for some hours."""
        self._unwelcome.put(host, True, self._limits.stay_away)

    def _admit(self, host: str, domain: str) -> None:
        if self._unwelcome.get(host):
            raise Withheld("blocked_earlier")
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
