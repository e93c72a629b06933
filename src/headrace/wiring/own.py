"""Headrace's own finder and verifier, from their sections of the settings."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_network
from typing import TYPE_CHECKING

from headrace.config import ConfigError, Settings
from headrace.domain.errors import Problem
from headrace.domain.model import VERIFY, Field
from headrace.domain.public import Address, is_public, plain
from headrace.engine.local import Local
from headrace.engine.own import FINDER, PROBE
from headrace.engine.own.behind import Behind
from headrace.engine.own.confidence import Confidence
from headrace.engine.own.guess import Guesser
from headrace.engine.own.habits import Habits
from headrace.engine.own.knowing import Ignorance
from headrace.engine.own.recall import Recall
from headrace.engine.own.reputation import Reputation
from headrace.engine.own.verify import Checked, Verifier, listed
from headrace.finder.lists import Lists
from headrace.operate.outcomes import OutcomeDesk
from headrace.ports import Clock
from headrace.providers import registry
from headrace.storage.opening import Storage

if TYPE_CHECKING:
    from headrace.mail.probe import Prober, Probing

OWN: Mapping[str, str] = {FINDER: Field.EMAIL.value, PROBE: VERIFY}
"""What each can do."""

_SPARE = 1.0
"""Seconds beyond its own time limit that a verification may take to say what it has found."""

_GUESS_FOR = 5.0

_EXCHANGE_EVERY = 5.0
"""Seconds between two exchanges of what was learned with the other processes."""


@dataclass(frozen=True, slots=True)
class Own:
    """The finder and the verifier; `parties` are those that take part in waterfalls, by name. `reputation`
    and `habits` are what is known of sources and domains, at hand; `knowing` is where it is kept."""

    knowing: Behind
    guesser: Guesser
    verifier: Verifier
    parties: Mapping[str, Local]
    reputation: Reputation
    habits: Habits

    @property
    def confidence(self) -> Confidence:
        return Confidence(self.reputation, self.habits)

    async def exchange(self) -> None:
        """Write down what was learned, and take in what others have. While the database is away, what is
        known stays in force, and what was learned waits."""
        with suppress(Problem):  # the database has logged it
            await self.reputation.exchange()
            await self.habits.refresh()

    async def finish(self) -> None:
        """Write down what is left."""
        await self.knowing.finish()
        await self.exchange()

    async def keep_exchanging(self) -> None:
        while True:
            await self.exchange()
            await asyncio.sleep(_EXCHANGE_EVERY)


def taking_part(settings: Settings) -> frozenset[str]:
    """Those that are switched on."""
    switches = {FINDER: settings.finder.enabled, PROBE: settings.probe.enabled}
    return frozenset(name for name, on in switches.items() if on)


def make_own(
    settings: Settings,
    storage: Storage | None,
    clock: Clock,
    recall: Recall | None = None,
    *,
    patient: bool = False,
) -> Own:
    """Without a database nothing is known of domains, and nothing is kept. `patient`: nobody waits for the
    answer about one address alone, so it may take its turn at a mail host however long the queue is."""
    knowing = Behind(storage.knowledge if storage else Ignorance())
    guesser = Guesser(knowing, clock, settings.finder.candidates)
    reputation = Reputation(storage.reputation if storage else None, upstreams(settings))
    habits = Habits(storage.habits.recent, storage.habits.digest) if storage else Habits()
    suppressions = storage.suppressions if storage else None
    check = _Checks(settings, storage, clock, patient).check
    verifier = Verifier(check, recall, reputation, suppressions)
    parties: Mapping[str, Local] = {
        FINDER: Local(FINDER, guesser.answer, _GUESS_FOR),
        PROBE: Local(PROBE, verifier.answer, settings.probe.timeout + _SPARE, remembered=True),
    }
    on = taking_part(settings)
    parties = {name: party for name, party in parties.items() if name in on}
    return Own(knowing, guesser, verifier, parties, reputation, habits)


def make_desk(storage: Storage, own: Own, clock: Clock) -> OutcomeDesk:
    """What takes in what became of addresses."""
    return OutcomeDesk(storage.outcomes, storage.knowledge, own.knowing.finish, own.confidence, clock)


def upstreams(settings: Settings) -> Mapping[str, str]:
    """Whose answers a source resells. Raises `ConfigError`."""
    named = settings.verification.upstreams
    for source, upstream in named.items():
        for name in (source, upstream):
            if name not in registry.names() and name not in OWN:
                raise ConfigError(f"verification.upstreams.{source}: no such provider: {name}")
        if upstream in named:
            raise ConfigError(
                f"verification.upstreams.{source}: {upstream} has an upstream itself: name that"
            )
    return named


class _Checks:
    """The checks, put together when somebody first needs them: few servers do, and all would start later."""

    def __init__(self, settings: Settings, storage: Storage | None, clock: Clock, patient: bool) -> None:
        self._seconds = None if patient else settings.probe.timeout
        self._settings = settings
        self._storage = storage
        self._clock = clock
        self._prober: Prober | None = None

    async def check(self, address: str) -> Checked:
        if self._prober is None:
            await asyncio.to_thread(import_module, "headrace.mail.probe")
            self._prober = self._prober or self._make()
        return await self._prober.verify(address, self._seconds)

    def _make(self) -> "Prober":
        from headrace.mail.dns import MailRoutes  # noqa: PLC0415
        from headrace.mail.probe import Prober  # noqa: PLC0415

        dns, lists = self._settings.dns, Lists()
        routes = MailRoutes(dns.servers, dns.timeout, self._clock, self._dialable)
        probing = self._probing() if self._settings.probe.enabled else None
        return Prober(routes, self._clock, probing, lambda address: listed(lists, address))

    def _probing(self) -> "Probing":
        from headrace.mail.catchall import CatchAll, InMemory  # noqa: PLC0415
        from headrace.mail.pace import Limits, Pace  # noqa: PLC0415
        from headrace.mail.probe import Probing  # noqa: PLC0415
        from headrace.mail.smtp import Dialogue, Identity, Patience  # noqa: PLC0415
        from headrace.mail.visits import Visits  # noqa: PLC0415
        from headrace.storage.catch_all import SqlFindings  # noqa: PLC0415
        from headrace.storage.pauses import SqlPauses  # noqa: PLC0415

        probe, clock, storage = self._settings.probe, self._clock, self._storage
        identity = Identity(probe.helo or "", probe.mail_from or "")
        patience = Patience(session=probe.timeout)
        dialogue = Dialogue(identity, probe.port, self._dialable, patience, probe.proxy)
        limits = Limits(per_second=probe.per_second, daily_per_domain=probe.daily_per_domain)
        if storage is None:
            visits = Visits(dialogue, Pace(limits, clock))
            return Probing(visits, CatchAll(visits, InMemory(clock), clock))
        pauses = SqlPauses(storage.database, storage.vault, clock)
        visits = Visits(dialogue, Pace(limits, clock, pauses=pauses))
        findings = SqlFindings(storage.database, storage.vault, clock)
        secret = storage.vault.digest("invented addresses").hex()
        return Probing(visits, CatchAll(visits, findings, clock, secret))

    def _dialable(self, address: Address) -> bool:
        allowed = map(ip_network, self._settings.probe.allow_private)
        return is_public(address) or any(plain(address) in network for network in allowed)
