"""Does a domain's mail host accept everything? Yes, no, or it could not be told; remembered with its age.

Two invented addresses of different shape are asked about, each in a session of its own, at the door where the
address was accepted: what one mail host of a domain does is not what the next one does. Only two acceptances
mean yes, only two refusals *of the mailbox* mean no. A test that could not be made has no result.
"""

import random
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headrace.mail.dns import Routes
from headrace.mail.doors import Door
from headrace.mail.evidence import CATCH_ALL, Evidence, Result
from headrace.mail.keeping import Kept, Turns
from headrace.mail.progress import Progress
from headrace.mail.replies import Reading, ReplyClass
from headrace.mail.visits import Visits
from headrace.ports import Clock

WEEK = 7 * 86_400.0
HOUR = 3600.0
UNTOLD_KEPT = 600.0
"""Seconds: a host that could not be told about is not asked again at once."""

MOST_DOMAINS = 10_000
_REFUSED = (ReplyClass.MAILBOX_UNKNOWN, ReplyClass.DISABLED)
_SYLLABLES = ("bra", "quel", "vont", "zir", "mosk", "tral", "wend", "yph", "gorl", "dask", "ulm", "prex")


@dataclass(frozen=True, slots=True)
class Finding:
    """What the test ended with, and when (seconds since 1970)."""

    result: Result
    reason: str
    at: float


class Findings(Protocol):
    """Where findings are remembered, under a name that stands for a domain and one of its mail hosts."""

    async def get(self, name: str) -> Finding | None: ...

    async def put(self, name: str, finding: Finding, seconds: float) -> None:
        """`seconds`: after that it is of no more use."""
        ...


class InMemory:
    """`Findings` of one process."""

    def __init__(self, clock: Clock, most: int = MOST_DOMAINS) -> None:
        self._kept: Kept[Finding] = Kept(clock, most)

    async def get(self, name: str) -> Finding | None:
        return self._kept.get(name)

    async def put(self, name: str, finding: Finding, seconds: float) -> None:
        self._kept.put(name, finding, seconds)


class CatchAll:
    """Tests domains. `secret` shapes the invented addresses; several processes may share one."""

    def __init__(self, visits: Visits, findings: Findings, clock: Clock, secret: str = "") -> None:
        self._visits = visits
        self._findings = findings
        self._clock = clock
        self._secret = secret or secrets.token_hex(16)
        self._turns = Turns()
        self._begun: Kept[tuple[float, tuple[Reading, ...]]] = Kept(clock, MOST_DOMAINS)

    async def of(self, routes: Routes, door: Door, progress: Progress) -> Evidence:
        """What the mail host behind `door` does, from memory where that is young enough for it."""
        if door.host.refuses_strangers(routes.domain, routes.exchanges):
            return Evidence(CATCH_ALL, Result.NO, "consumer_service")
        name = f"{routes.domain} {door.name}"
        oldest = HOUR if door.host.acceptance is not None else WEEK
        progress.waiting = True
        async with self._turns.of(name):
            progress.waiting = False
            kept = await self._findings.get(name)
            if kept is not None and self._clock.wall() - kept.at <= oldest:
                return Evidence(CATCH_ALL, kept.result, kept.reason, at=kept.at)
            finding = await self._test(name, routes.domain, door, progress)
            told = finding.result is not Result.UNKNOWN
            await self._findings.put(name, finding, WEEK if told else UNTOLD_KEPT)
        return Evidence(CATCH_ALL, finding.result, finding.reason)

    async def _test(self, name: str, domain: str, door: Door, progress: Progress) -> Finding:
        """What is told counts also if time runs out before the rest: the next who asks goes on from there."""
        begun, readings = self._begun.get(name) or (self._clock.wall(), ())
        for local in invented(self._secret, domain)[len(readings) :]:
            told = await self._visits.ask_at(door, f"{local}@{domain}", progress, ahead=True)
            if told.reading.means not in (ReplyClass.ACCEPTED, *_REFUSED):
                return Finding(Result.UNKNOWN, told.reading.reason, self._clock.wall())
            readings = (*readings, told.reading)
            self._begun.put(name, (begun, readings), HOUR)
        self._begun.forget(name)
        return Finding(*_concluded(readings), begun)


def invented(secret: str, domain: str) -> tuple[str, str]:
    """Two local parts that nobody has: sixteen random characters, and one that looks like a name.

    The same for a domain every time, so that a greylist that let them wait knows them when they come again.
    """
    draw = random.Random(f"{secret} {domain}")  # noqa: S311
    letters = "".join(draw.choices(string.ascii_lowercase + string.digits, k=15))
    first, last = ("".join(draw.choices(_SYLLABLES, k=2)) for _ in range(2))
    return f"{draw.choice(string.ascii_lowercase)}{letters}", f"{first}.{last}"


def _concluded(readings: Sequence[Reading]) -> tuple[Result, str]:
    if all(reading.means is ReplyClass.ACCEPTED for reading in readings):
        return Result.YES, "accepts_invented_addresses"
    if all(reading.means in _REFUSED for reading in readings):
        return Result.NO, "refuses_invented_addresses"
    return Result.UNKNOWN, "invented_addresses_differ"
