"""The only file that knows everyone: settings become a running application."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from importlib import import_module
from pathlib import Path
from socket import gethostname
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar.types import ASGIApp

from headrace.api.app import create_app
from headrace.api.limits import AccountLimits
from headrace.api.metrics import PrometheusMeter
from headrace.api.render import enrich_answer, finished_body
from headrace.api.services import Services
from headrace.api.turns import Turns
from headrace.config import ConfigError, Provider, Settings, Webhooks
from headrace.domain.errors import Problem
from headrace.domain.model import Account, Enrichment, Field
from headrace.domain.pricing import PriceBook
from headrace.domain.waterfall import Plan, Source
from headrace.engine.clock import SystemClock
from headrace.engine.enrich import Books, Enricher
from headrace.engine.guard import Guard, Limits, Quota
from headrace.engine.memory import Memory
from headrace.engine.run import Deadlines, Surroundings
from headrace.engine.screen import Screen
from headrace.engine.vendor import Vendor
from headrace.jobs.contacts import Contacts
from headrace.jobs.deliver import AT_ONCE, Deliver
from headrace.jobs.worker import Handlers, Queues, Worker
from headrace.ports import Clock, Queued, Receiver, Transport
from headrace.providers import registry
from headrace.providers.base import WHOLE_VENDOR, Adapter, Rate, Verifies
from headrace.shared.store import Shared, local
from headrace.storage import opening
from headrace.storage.opening import Storage
from headrace.storage.retention import Periods
from headrace.storage.sealed_flights import SealedFlights

_LATE_ANSWERS = 2.0
"""Seconds that a stopping process waits for answers that came after their deadline."""

_SWEEP_EVERY = 2.0
"""Seconds between two looks for processes that died."""

_SEAT_TRIES, _SEAT_PAUSE = 6, 0.5
"""A process that ended just now may hold its seat for a moment longer; seconds."""

_PATIENCE = 5.0
"""Seconds beyond the longest search for which an equal request waits for its answer."""

_AFTER_START = 1.0
"""Seconds after the start at which a server has time to load tables."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _load_tables() -> None:
    """Fetch, beside the work, what the first phone number would otherwise wait for."""
    asyncio.get_running_loop().run_in_executor(None, import_module, "headrace.domain.phones")


def open_storage(settings: Settings) -> Storage:
    """Open the database, creating or migrating it where needed. Raises `ConfigError` and `Unusable`."""
    security = settings.security
    return opening.open_storage(
        settings.database_at,
        _pepper(settings),
        security.encryption_keys,
        SystemClock(),
        settings.privacy.consent_version,
    )


@dataclass(frozen=True, slots=True)
class Headrace:
    """Everything that one process needs to enrich. `stop` it at the end."""

    settings: Settings
    storage: Storage
    vendors: Mapping[str, Vendor]
    transport: Transport
    enricher: Enricher
    services: Services
    meter: PrometheusMeter
    shared: Shared
    worker: Worker | None
    _sweeper: list[asyncio.Task[None]] = field(default_factory=list)

    def application(self) -> ASGIApp:
        """The HTTP application; it starts and stops this Headrace with its server."""
        origins = self.settings.server.cors_origins
        return create_app(
            self.services, self.meter, origins, on_startup=[self.start], on_shutdown=[self.stop]
        )

    async def admit(self) -> None:
        """Raises `ConfigError` where another process serves this database and the two share nothing else."""
        if self.settings.shared.url:
            return
        patience = _SEAT_TRIES
        while (seat := await self.storage.owner.take_seat("process")) != "seat-process-0":
            await self.storage.owner.leave_seat(seat)
            patience -= 1
            if not patience:
                raise ConfigError(
                    "shared.url: another Headrace process uses this database; several need a shared store, "
                    'such as [shared] url = "redis://127.0.0.1:6379/0"'
                )
            await asyncio.sleep(_SEAT_PAUSE)

    async def start(self) -> None:
        """Give back what processes that died were holding, now and from now on."""
        self.shared.start()
        await self.storage.ledger.release_abandoned()
        asyncio.get_running_loop().call_later(_AFTER_START, _load_tables)
        self._sweeper.append(asyncio.create_task(self._sweep()))
        if self.worker:
            self.worker.start()

    def drain(self) -> None:
        """Refuse new work and let what is in flight end soon."""
        if self.worker:
            self.worker.drain()
        self.enricher.hurry(self.settings.server.drain_seconds)

    async def stop(self) -> None:
        for task in self._sweeper:
            task.cancel()
        if self.worker:
            await self.worker.stop(_LATE_ANSWERS)
        await self.enricher.finish(_LATE_ANSWERS)
        await self.transport.aclose()
        await self.shared.aclose()
        self.storage.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_EVERY)
            with suppress(Problem):  # the database has logged it
                await self.storage.ledger.release_abandoned()


def build(settings: Settings, *, sandbox: bool = False, worker: bool = False) -> Headrace:
    """Everything, from settings. `sandbox`: every answer is labelled as invented. `worker`: queued work is
    done by this process too. Raises `ConfigError`."""
    make_plan(settings, make_vendors(settings))  # what is wrong there is said before a database is made
    storage = open_storage(settings)
    settings = with_entered_keys(settings, storage)
    vendors = make_vendors(settings)
    plan = make_plan(settings, vendors)
    clock, meter = SystemClock(), PrometheusMeter()
    shared = make_shared(settings, clock)
    guard = Guard(_limits(settings, vendors), clock, shared.rates, shared.breakers)
    transport = make_transport(settings)
    memory = make_memory(settings, storage, shared, clock)
    screen = Screen(storage.suppressions)
    surroundings = Surroundings(vendors, screen, memory, guard, transport, clock, _deadlines(settings))
    books = Books(storage.ledger, storage.enrichments, make_prices(settings))
    enricher = Enricher(plan, surroundings, books, meter, _webhook_body)
    made = make_worker(settings, storage, enricher) if worker else None
    services = Services(
        accounts=storage.accounts,
        store=storage,
        enrichments=storage.enrichments,
        enricher=enricher,
        turns=Turns(storage.idempotency, settings.waterfall.deadline.total + _PATIENCE),
        wake=made.wake if made else lambda: None,
        check_webhook=partial(_check_webhook, settings.webhooks),
        limits=AccountLimits(settings.server.rate_limit, shared.rates),
        guard=guard,
        providers=tuple(vendors),
        database_answers=storage.answers,
        sandbox=sandbox,
    )
    return Headrace(settings, storage, vendors, transport, enricher, services, meter, shared, made)


def _check_webhook(wanted: Webhooks, url: str) -> None:
    from headrace.transport.destination import check_url  # noqa: PLC0415

    check_url(url, allow_http=wanted.allow_http, allow_private=wanted.allow_private)


def make_receiver(settings: Settings) -> Receiver:
    """Where webhooks are posted through."""
    from headrace.transport.guarded import GuardedTransport  # noqa: PLC0415

    wanted = settings.webhooks
    return GuardedTransport(
        timeout=wanted.timeout,
        allow_http=wanted.allow_http,
        allow_private=wanted.allow_private,
        connections=AT_ONCE,
        ca_file=str(settings.ca_file) if settings.ca_file else None,
    )


def make_worker(settings: Settings, storage: Storage, enricher: Enricher) -> Worker:
    """What does queued work."""
    clock = SystemClock()
    parallel = settings.jobs.parallel
    contacts = Contacts(enricher, storage.enrichments, storage.accounts, parallel)
    deliver = Deliver(
        storage.webhooks,
        partial(make_receiver, settings),
        storage.suppressions.concern,
        settings.webhooks.schedule,
        clock,
    )
    return Worker(
        Queues(storage.enrichments, storage.webhooks),
        Handlers(contacts, deliver),
        _jobs_url(storage.location),
        lambda: storage.owner.take_seat(f"worker-{settings.jobs.name or gethostname()}"),
        storage.owner.is_alive,
        storage.owner.fence,
        [partial(storage.retention.purge, retention_periods(settings))],
        clock,
    )


def _jobs_url(location: Path | str) -> str:
    """A file of its own beside the database's, or the server's database itself."""
    return f"sqlite:///{location}.jobs" if isinstance(location, Path) else location


def with_entered_keys(settings: Settings, storage: Storage) -> Settings:
    """The same settings with the vendors' keys that were entered, where the configuration has none."""
    providers = dict(settings.providers)
    for name, credentials in storage.vendor_keys.at_start().items():
        section = providers.get(name, {})
        if name in registry.names() and not any(section.get(key) for key in credentials):
            providers[name] = {**section, **credentials}
    return msgspec.structs.replace(settings, providers=providers)


def make_vendors(settings: Settings) -> dict[str, Vendor]:
    """The vendors that have credentials. Raises `ConfigError`."""
    unknown = sorted(set(settings.providers) - set(registry.names()))
    if unknown:
        raise ConfigError(
            f"providers.{unknown[0]}: no such provider; there are {', '.join(registry.names())}"
        )
    made = {}
    for name in settings.providers:
        section = settings.provider(name)
        adapter = _adapter(name, section) if section else None
        if section and adapter:
            made[name] = _vendor(adapter, section)
    return made


def make_plan(settings: Settings, vendors: Mapping[str, Vendor]) -> Plan:
    """Who is asked in which order. Vendors without credentials are left out. Raises `ConfigError`."""
    finders = {}
    for wanted in Field:
        order = getattr(settings.waterfall.order, wanted)
        _check_order(
            f"waterfall.order.{wanted}", order, lambda adapter, wanted=wanted: wanted in adapter.finds
        )
        finders[wanted] = tuple(_source(vendors[name].adapter) for name in order if name in vendors)
    order = settings.verification.order
    _check_order("verification.order", order, lambda adapter: issubclass(adapter, Verifies))
    return Plan(finders, tuple(name for name in order if name in vendors))


def make_transport(settings: Settings) -> Transport:
    """The outbound client that is configured."""
    wanted = settings.transport
    authorities = str(settings.ca_file) if settings.ca_file else None
    if wanted.client == "aiohttp":
        from headrace.transport.aiohttp import AiohttpTransport  # noqa: PLC0415

        return AiohttpTransport(authorities, wanted.connections)
    from headrace.transport.pyreqwest import PyreqwestTransport  # noqa: PLC0415

    return PyreqwestTransport(authorities, wanted.connections)


def make_shared(settings: Settings, clock: Clock) -> Shared:
    """What this process shares with others, if it is one of a fleet. Raises `ConfigError`."""
    if not settings.shared.url:
        return local(clock)
    from headrace.shared.connect import connect  # noqa: PLC0415

    try:
        return connect(settings.shared.url, clock)
    except ValueError as error:
        raise ConfigError("shared.url: must be redis://host:port/number") from error


def make_memory(settings: Settings, storage: Storage, shared: Shared, clock: Clock) -> Memory:
    """What keeps equal questions from being put twice. Answers leave the process sealed."""
    flights = SealedFlights(shared.flights, storage.vault) if settings.shared.url else shared.flights
    return Memory(storage.remembered, flights, storage.vault.digest, clock)


def retention_periods(settings: Settings) -> Periods:
    """How long what is kept."""
    privacy = settings.privacy
    return Periods(privacy.results_days, privacy.answers_days, privacy.audit_days)


def make_prices(settings: Settings) -> PriceBook:
    """The price book in milli-credits. Raises `ConfigError`."""
    prices = settings.prices
    overrides = {}
    for provider, per_field in prices.overrides.items():
        for name, price in per_field.items():
            if provider not in registry.names() or name not in list(Field):
                raise ConfigError(f"prices.overrides.{provider}.{name}: no such provider or field")
            overrides[provider, Field(name)] = _milli(price)
    usual = {wanted: _milli(getattr(prices, wanted)) for wanted in Field}
    return PriceBook(usual, overrides, prices.reused)


def at_sandbox(settings: Settings, url: str) -> Settings:
    """The same settings with every vendor at the sandbox, which imposes no rate limits."""
    providers = {}
    for name in registry.names():
        kept = {
            key: value for key, value in settings.providers.get(name, {}).items() if key in _KEPT_IN_SANDBOX
        }
        credentials = dict.fromkeys(credentials_of(name), "sandbox")
        providers[name] = {
            "rate": 0,
            "concurrency": 10_000,
            **kept,
            **credentials,
            "base_url": f"{url}/{name}",
        }
    return msgspec.structs.replace(settings, providers=providers)


_KEPT_IN_SANDBOX = {"rate", "timeout", "concurrency", "trusted"}


def _adapter(name: str, section: Provider) -> Adapter | None:
    """The adapter with its credentials; `None` while none of them is set."""
    kind = registry.adapter(name)
    needed = credentials_of(name)
    for key in section.credentials:
        if key not in needed:
            raise ConfigError(f"providers.{name}.{key}: unknown setting; credentials are {', '.join(needed)}")
    given = {key: value for key, value in section.credentials.items() if value}
    missing = [key for key in needed if key not in given]
    if missing and given:
        raise ConfigError(f"providers.{name}.{missing[0]}: is required")
    return None if missing else kind(**given)


def credentials_of(name: str) -> list[str]:
    """What the vendor's adapter needs to be told."""
    declared: Any = registry.adapter(name)
    return [each.name for each in fields(declared) if each.default is MISSING]


def _vendor(adapter: Adapter, section: Provider) -> Vendor:
    return Vendor(
        adapter=adapter,
        base_url=_base_url(adapter, section),
        headers=adapter.headers(),
        timeout=section.timeout or adapter.timeout,
        trusted=section.trusted,
    )


def _base_url(adapter: Adapter, section: Provider) -> str:
    url = (section.base_url or adapter.base_url).rstrip("/")
    if _is_allowed(url):
        return url
    raise ConfigError(f"providers.{adapter.name}.base_url: must be https (http is allowed on loopback only)")


def _is_allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK
    return parts.scheme == "https" and bool(parts.hostname)


def _source(adapter: Adapter) -> Source:
    return Source(adapter.name, adapter.finds, adapter.together, adapter.one_price)


def _check_order(key: str, order: tuple[str, ...], able: Any) -> None:
    for name in order:
        if name not in registry.names():
            raise ConfigError(f"{key}: no such provider: {name}")
        if not able(registry.adapter(name)):
            raise ConfigError(f"{key}: {name} cannot do this")
    if len(set(order)) < len(order):
        raise ConfigError(f"{key}: a provider is listed twice")


def _limits(settings: Settings, vendors: Mapping[str, Vendor]) -> dict[tuple[str, str], Limits]:
    limits = {}
    for name, vendor in vendors.items():
        section, adapter = settings.provider(name) or Provider(credentials={}), vendor.adapter
        rates = dict(adapter.rates)
        if section.rate is not None:
            rates = dict.fromkeys(vendor.capabilities, _per_minute(section.rate))
        for capability in vendor.capabilities:
            scope = WHOLE_VENDOR if WHOLE_VENDOR in rates else capability
            quota = _quota(f"vendor:{name}:{scope}", rates.get(scope))
            limits[name, capability] = Limits(section.concurrency or adapter.concurrency, quota)
    return limits


def _per_minute(calls: float) -> Rate:
    """Half a call a minute is one in two."""
    return Rate(1, 60 / calls) if 0 < calls < 1 else Rate(int(calls), 60)


def _quota(key: str, rate: Rate | None) -> Quota | None:
    return Quota(key, rate.calls, rate.seconds) if rate and rate.calls else None


def _deadlines(settings: Settings) -> Deadlines:
    deadline = settings.waterfall.deadline
    return Deadlines({wanted: getattr(deadline, wanted) for wanted in Field}, deadline.total)


def _webhook_body(enrichment: Enrichment, account: Account, queued: Queued | None) -> bytes:
    return msgspec.json.encode(
        finished_body(enrichment, account, queued.bulk_id) if queued else enrich_answer(enrichment, account)
    )


def _pepper(settings: Settings) -> bytes | None:
    if settings.security.pepper is None:
        return None
    try:
        pepper = bytes.fromhex(settings.security.pepper)
    except ValueError:
        pepper = b""
    if len(pepper) < 16:
        raise ConfigError("security.pepper: must be at least 32 hexadecimal digits")
    return pepper


def _milli(credits: float) -> int:
    return round(credits * 1000)
