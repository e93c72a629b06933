"""A prober that uses the mail lab, and clocks that tests move."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from headrace.domain.public import Address
from headrace.mail.catchall import CatchAll, InMemory
from headrace.mail.dialing import dialable
from headrace.mail.dns import MailRoutes
from headrace.mail.pace import Limits, Pace
from headrace.mail.pauses import Pauses
from headrace.mail.probe import Prober, Probing
from headrace.mail.smtp import Dialogue, Identity, Patience
from headrace.mail.visits import Visits
from headrace.sandbox.mail import MailLab

IDENTITY = Identity(helo="probe.headrace.example", mail_from="check@probe.headrace.example")
PATIENCE = Patience(connect=60.0, reply=60.0, farewell=60.0, session=600.0)
"""More than a busy machine ever needs: who answers at all is waited for."""

HURRIED = Patience(connect=60.0, reply=0.3, farewell=0.1)
"""For what never answers."""

UNHURRIED = Limits(per_second=0.0, daily_per_domain=100_000)


class ManualClock:
    """`ports.Clock` that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something to be so, up to a bound."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


in_lab = dialable(["127.0.25.0/24"])


@dataclass
class Setting:
    """A lab and the parts of a verifier that are pointed at it."""

    lab: MailLab
    clock: ManualClock = field(default_factory=ManualClock)
    patience: Patience = PATIENCE
    limits: Limits = UNHURRIED
    dns_timeout: float = 60.0
    proxy: str | None = None
    dialable: Callable[[Address], bool] = in_lab

    def routes(self) -> MailRoutes:
        servers = [f"127.0.0.1:{self.lab.dns_port}"]
        return MailRoutes(servers, self.dns_timeout, self.clock, self.dialable)

    def dialogue(self) -> Dialogue:
        return Dialogue(IDENTITY, self.lab.smtp_port, self.dialable, self.patience, self.proxy)

    def pace(self, pauses: Pauses | None = None) -> Pace:
        return Pace(self.limits, self.clock, self.clock.sleep, pauses)

    def visits(self) -> Visits:
        return Visits(self.dialogue(), self.pace())

    def prober(self) -> Prober:
        visits = self.visits()
        catch_all = CatchAll(visits, InMemory(self.clock), self.clock)
        return Prober(self.routes(), self.clock, Probing(visits, catch_all))
