"""The smaller parts, each from its section of the settings."""

import msgspec

from headrace.api.render import enrich_answer, finished_body
from headrace.config import ConfigError, Settings, locating
from headrace.domain.model import Account, Enrichment, Field
from headrace.domain.pricing import PriceBook
from headrace.engine.asked import Key
from headrace.engine.converse import Reply
from headrace.engine.flights import LocalFlights
from headrace.engine.memory import Memory
from headrace.engine.run import Deadlines
from headrace.ports import Clock, Flights, Queued, Transport
from headrace.providers import registry
from headrace.shared.store import Shared, local
from headrace.storage.opening import Storage
from headrace.storage.sealed_flights import SealedFlights
from headrace.transport.bulkhead import Bulkhead
from headrace.wiring.own import OWN


def make_transport(settings: Settings) -> Transport:
    """The outbound client that is configured, with as many connections as are allowed."""
    return Bulkhead(_make_client(settings), settings.transport.connections)


def _make_client(settings: Settings) -> Transport:
    wanted = settings.transport
    authorities = str(settings.ca_file) if settings.ca_file else None
    if wanted.client == "aiohttp":
        from headrace.transport.aiohttp import AiohttpTransport  # noqa: PLC0415

        return AiohttpTransport(authorities, wanted.connections)
    from headrace.transport.pyreqwest import PyreqwestTransport  # noqa: PLC0415

    return PyreqwestTransport(authorities, wanted.connections)


@locating
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
    flights: Flights[Key, Reply] = LocalFlights()
    if settings.shared.url:
        flights = SealedFlights(shared.flights, storage.vault)
    return Memory(storage.remembered, flights, storage.vault.digest, clock)


@locating
def make_prices(settings: Settings) -> PriceBook:
    """The price book in milli-credits. Raises `ConfigError`."""
    prices = settings.prices
    overrides = {}
    for provider, per_field in prices.overrides.items():
        for name, price in per_field.items():
            if provider not in (*registry.names(), *OWN) or name not in list(Field):
                raise ConfigError(f"prices.overrides.{provider}.{name}: no such provider or field")
            overrides[provider, Field(name)] = _milli(price)
    usual = {wanted: _milli(getattr(prices, wanted)) for wanted in Field}
    return PriceBook(usual, overrides, prices.reused)


def make_deadlines(settings: Settings) -> Deadlines:
    deadline = settings.waterfall.deadline
    return Deadlines({wanted: getattr(deadline, wanted) for wanted in Field}, deadline.total)


def webhook_body(enrichment: Enrichment, account: Account, queued: Queued | None) -> bytes:
    return msgspec.json.encode(
        finished_body(enrichment, account, queued.bulk_id) if queued else enrich_answer(enrichment, account)
    )


def _milli(credits: float) -> int:
    return round(credits * 1000)
