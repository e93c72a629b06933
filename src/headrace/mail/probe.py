"""One address verified: what can be said of it, check by check, within a time limit."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from headrace.domain import normalize
from headrace.domain.model import Verdict
from headrace.mail.catchall import CatchAll
from headrace.mail.dns import MailRoutes, Routes
from headrace.mail.evidence import (
    CATCH_ALL,
    DOMAIN,
    MAIL_HOST,
    MAILBOX,
    SYNTAX,
    Evidence,
    Result,
    grade,
)
from headrace.mail.mailhosts import recognise
from headrace.mail.pauses import BUSY
from headrace.mail.progress import Progress
from headrace.mail.replies import SAYS, ReplyClass
from headrace.mail.visits import Told, Visits
from headrace.ports import Clock

Listed = Callable[[str], Iterable[Evidence]]
"""What lists say of an address in one spelling: role, disposable."""

WAITS = (60.0, 300.0, 1800.0)
"""Seconds until a host that put us off is worth asking again, by how often it has been asked."""

_PUT_OFF = (ReplyClass.GREY, ReplyClass.RATE)
_PUT_OFF_REASONS = (*(SAYS[means][1] for means in _PUT_OFF), BUSY)


@dataclass(frozen=True, slots=True)
class Verification:
    """An address in one spelling (or as it was given, where it is none) and what was found."""

    address: str
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> Verdict:
        """By the plain rule; who knows more than these checks weighs the evidence instead."""
        return grade(self.evidence)

    @property
    def retry_at(self) -> float | None:
        """When another try may say more (seconds since 1970)."""
        return next((item.retry_at for item in self.evidence if item.retry_at), None)


@dataclass(frozen=True, slots=True)
class Probing:
    """What asking mail hosts takes. Without it, an address is judged by its syntax and DNS alone."""

    visits: Visits
    catch_all: CatchAll


class Prober:
    """Verifies addresses. `listed` adds what the operator's lists know."""

    def __init__(
        self,
        routes: MailRoutes,
        clock: Clock,
        probing: Probing | None = None,
        listed: Listed = lambda address: (),
    ) -> None:
        self._routes = routes
        self._clock = clock
        self._probing = probing
        self._listed = listed

    async def verify(self, address: str, seconds: float | None, tried: int = 0) -> Verification:
        """Everything that can be found within `seconds`; what is still out then is unknown. Without, as much
        as mail hosts say within the time that each session has, however long the queue for them is.

        `tried`: how often this address has been put off before. A greylist is not waited for.
        """
        normal = normalize.address(address)
        if normal is None:
            return Verification(address, (Evidence(SYNTAX, Result.NO, "malformed"),))
        progress = Progress([Evidence(SYNTAX, Result.YES, "well_formed"), *self._listed(normal)], tried)
        try:
            async with asyncio.timeout(seconds):
                await self._ask(normal, progress)
        except TimeoutError:
            progress.note(_out_of_time(progress))
        return Verification(normal, tuple(progress.evidence))

    async def _ask(self, address: str, progress: Progress) -> None:
        local, _, domain = address.rpartition("@")
        routes = await self._routes.of(domain)
        progress.note(routes.evidence)
        if routes.result is not Result.YES:
            return
        host = recognise(routes.exchanges)
        known = (Result.YES, host.name) if host.name else (Result.UNKNOWN, "not_recognised")
        progress.note(Evidence(MAIL_HOST, *known))
        if self._probing is None:
            progress.note(Evidence(MAILBOX, Result.UNKNOWN, "probe_off"))
            return
        told = await self._probing.visits.ask(routes, f"{local}@{routes.domain}", progress)
        if told.reading.means is not ReplyClass.ACCEPTED:  # accept-all matters nowhere else
            progress.note(self._mailbox(told, progress))
            return
        acceptance = told.door.host.acceptance
        if acceptance is not None and acceptance.value == "nothing":
            progress.note(Evidence(MAILBOX, Result.UNKNOWN, "host_accepts_anything"))
            return
        await self._compare(self._probing.catch_all, routes, told, progress)

    async def _compare(self, catch_all: CatchAll, routes: Routes, told: Told, progress: Progress) -> None:
        """Whether the acceptance means anything: does the host also refuse? A backup that does not says
        nothing, neither about the mailbox nor about its domain."""
        mailbox = self._mailbox(told, progress)
        if not told.door.backup:
            progress.note(mailbox)
        found, later = await catch_all.of(routes, told.door, progress), self._later(progress)
        if told.door.backup and found.result is Result.YES:
            progress.note(Evidence(MAILBOX, Result.UNKNOWN, "backup_accepts_anything", retry_at=later))
            return
        if told.door.backup:
            progress.note(mailbox)
        put_off = found.result is Result.UNKNOWN and found.reason in _PUT_OFF_REASONS
        progress.note(replace(found, retry_at=later) if put_off else found)

    def _mailbox(self, told: Told, progress: Progress) -> Evidence:
        reading = told.reading
        again = max(self._later(progress), told.until) if reading.means in _PUT_OFF else None
        return Evidence(MAILBOX, reading.result, reading.reason, retry_at=again)

    def _later(self, progress: Progress) -> float:
        return self._clock.wall() + WAITS[min(progress.tried, len(WAITS) - 1)]


def _out_of_time(progress: Progress) -> Evidence:
    """The check that was under way when time ran out."""
    reason = "no_turn_in_time" if progress.waiting else "out_of_time"
    done = {item.check for item in progress.evidence}
    under_way = next(check for check in (DOMAIN, MAILBOX, CATCH_ALL) if check not in done)
    return Evidence(under_way, Result.UNKNOWN, reason)
