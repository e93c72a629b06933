"""The only file that knows everyone: settings become a running application."""

import asyncio
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from importlib import import_module
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
from headrace.config import ConfigError, Provider, Settings
from headrace.domain.model import Account, Enrichment, Field
from headrace.domain.pricing import PriceBook
from headrace.domain.waterfall import Plan, Source
from headrace.engine.clock import SystemClock
from headrace.engine.enrich import Books, Enricher
from headrace.engine.guard import Guard, Limits, Quota
from headrace.engine.run import Deadlines, Surroundings
from headrace.engine.vendor import Vendor
from headrace.ports import Clock, Queued, Transport
from headrace.providers import registry
from headrace.providers.base import WHOLE_VENDOR, Adapter, Rate, Verifies
from headrace.shared.store import Shared, local
from headrace.storage import opening
from headrace.storage.opening import Storage

_LATE_ANSWERS = 2.0
"""Seconds that a stopping process waits for answers that came after their deadline."""

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
        settings.database_at, _pepper(settings), security.encryption_keys, SystemClock()
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

    def application(self) -> ASGIApp:
        """The HTTP application; it starts and stops this Headrace with its server."""
        origins = self.settings.server.cors_origins
        return create_app(
            self.services, self.meter, origins, on_startup=[self.start], on_shutdown=[self.stop]
        )

    async def start(self) -> None:
        """Give back what processes that died were holding."""
        self.shared.start()
        await self.storage.ledger.release_abandoned()
        asyncio.get_running_loop().call_later(_AFTER_START, _load_tables)

    def drain(self) -> None:
        """Refuse new work and let what is in flight end soon."""
        self.enricher.hurry(self.settings.server.drain_seconds)

    async def stop(self) -> None:
        await self.enricher.finish(_LATE_ANSWERS)
        await self.transport.aclose()
        await self.shared.aclose()
        self.storage.close()


def build(settings: Settings, *, sandbox: bool = False) -> Headrace:
    """Everything, from settings. `sandbox`: every answer is labelled as invented. Raises `ConfigError`."""
    vendors = make_vendors(settings)
    plan = make_plan(settings, vendors)
    storage = open_storage(settings)
    clock, meter = SystemClock(), PrometheusMeter()
    shared = make_shared(settings, clock)
    guard = Guard(_limits(settings, vendors), clock, shared.rates, shared.breakers)
    transport = make_transport(settings)
    surroundings = Surroundings(vendors, guard, transport, clock, _deadlines(settings))
    books = Books(storage.ledger, storage.enrichments, make_prices(settings))
    enricher = Enricher(plan, surroundings, books, meter, _webhook_body)
    services = Services(
        accounts=storage.accounts,
        enrichments=storage.enrichments,
        enricher=enricher,
        turns=Turns(storage.idempotency, settings.waterfall.deadline.total + _PATIENCE),
        wake=lambda: None,
        limits=AccountLimits(settings.server.rate_limit, shared.rates),
        guard=guard,
        providers=tuple(vendors),
        database_answers=storage.answers,
        sandbox=sandbox,
    )
    return Headrace(settings, storage, vendors, transport, enricher, services, meter, shared)


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
    if settings.shared.url is None:
        return local(clock)
    from headrace.shared.connect import connect  # noqa: PLC0415

    try:
        return connect(settings.shared.url, clock)
    except ValueError as error:
        raise ConfigError("shared.url: must be redis://host:port/number") from error


def make_prices(settings: Settings) -> PriceBook:
    """The price book in milli-credits. Raises `ConfigError`."""
    prices = settings.prices
    overrides = {}
    for provider, per_field in prices.overrides.items():
        for name, price in per_field.items():
            if provider not in registry.names() or name not in list(Field):
                raise ConfigError(f"prices.overrides.{provider}.{name}: no such provider or field")
            overrides[provider, Field(name)] = _milli(price)
    return PriceBook({wanted: _milli(getattr(prices, wanted)) for wanted in Field}, overrides)


def at_sandbox(settings: Settings, url: str) -> Settings:
    """The same settings with every vendor at the sandbox, which imposes no rate limits."""
    providers = {}
    for name in registry.names():
        kept = {
            key: value for key, value in settings.providers.get(name, {}).items() if key in _KEPT_IN_SANDBOX
        }
        credentials = dict.fromkeys(_credentials(registry.adapter(name)), "sandbox")
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
    needed = _credentials(kind)
    for key in section.credentials:
        if key not in needed:
            raise ConfigError(f"providers.{name}.{key}: unknown setting; credentials are {', '.join(needed)}")
    given = {key: value for key, value in section.credentials.items() if value}
    missing = [key for key in needed if key not in given]
    if missing and given:
        raise ConfigError(f"providers.{name}.{missing[0]}: is required")
    return None if missing else kind(**given)


def _credentials(kind: type[Adapter]) -> list[str]:
    declared: Any = kind
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
