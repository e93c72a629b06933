"""Vendors: from settings to adapters with keys, limits and an order."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any
from urllib.parse import urlsplit

import msgspec

from headrace.config import ConfigError, Provider, Settings, locating
from headrace.domain.model import VERIFY, Field
from headrace.domain.plan import Plan, Source
from headrace.engine.guard import Limits, Quota
from headrace.engine.own.guess import FINDS
from headrace.engine.vendor import Vendor
from headrace.providers import registry
from headrace.providers.base import WHOLE_VENDOR, Adapter, Rate, Verifies
from headrace.storage.opening import Storage
from headrace.wiring.own import OWN, taking_part, upstreams

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


_MORE_THAN_A_PLACE = set("?#@")
"""The vendor's paths are added to a base URL; after a query they would be a part of that."""


_KEPT_IN_SANDBOX = {"rate", "timeout", "concurrency", "trusted"}


def with_entered_keys(settings: Settings, storage: Storage) -> Settings:
    """The same settings with the vendors' keys that were entered, where the configuration has none."""
    providers = dict(settings.providers)
    for name, credentials in storage.vendor_keys.at_start().items():
        section = providers.get(name, {})
        if name in registry.names() and not any(section.get(key) for key in credentials):
            providers[name] = {**section, **credentials}
    return msgspec.structs.replace(settings, providers=providers)


@locating
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


@locating
def make_plan(settings: Settings, vendors: Mapping[str, Vendor]) -> Plan:
    """Who is asked in which order. Vendors without credentials are left out. Raises `ConfigError`."""
    own, finders = taking_part(settings), {}
    for wanted in Field:
        order = getattr(settings.waterfall.order, wanted)
        _check_order(
            f"waterfall.order.{wanted}", order, wanted, lambda adapter, wanted=wanted: wanted in adapter.finds
        )
        finders[wanted] = tuple(
            _source(vendors[name].adapter) if name in vendors else Source(name, FINDS)
            for name in order
            if name in vendors or name in own
        )
    resold = upstreams(settings)
    order = settings.verification.order
    _check_order("verification.order", order, VERIFY, lambda adapter: issubclass(adapter, Verifies))
    return Plan(finders, tuple(name for name in order if name in vendors or name in own), resold)


def at_sandbox(settings: Settings, url: str) -> Settings:
    """The same settings with every vendor at the sandbox. Of limits only those hold that were set: the
    vendors' own are off, so that any load can be tried."""
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


def _adapter(name: str, section: Provider) -> Adapter | None:
    """The adapter with its credentials; `None` while none of them is set."""
    kind = registry.adapter(name)
    needed, paths = credentials_of(name), paths_of(name)
    for key, value in section.credentials.items():
        if key not in (*needed, *paths):
            raise ConfigError(f"providers.{name}.{key}: unknown setting; credentials are {', '.join(needed)}")
        if key in paths and not _is_path(value):
            raise ConfigError(f"providers.{name}.{key}: must be a path that begins with one slash")
    given = {key: value for key, value in section.credentials.items() if value}
    missing = [key for key in needed if key not in given]
    if missing and any(key in given for key in needed):
        raise ConfigError(f"providers.{name}.{missing[0]}: is required")
    return None if missing else kind(**given)


def credentials_of(name: str) -> list[str]:
    """What the vendor's adapter needs to be told."""
    declared: Any = registry.adapter(name)
    return [each.name for each in fields(declared) if each.init and each.default is MISSING]


def paths_of(name: str) -> list[str]:
    """The paths that may be set where a vendor has two for one thing."""
    declared: Any = registry.adapter(name)
    return [each.name for each in fields(declared) if each.init and each.default is not MISSING]


def _is_path(value: str) -> bool:
    return re.fullmatch(r"/[A-Za-z0-9_.~-][A-Za-z0-9_./~-]*", value) is not None


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
    key = f"providers.{adapter.name}.base_url"
    if not _is_allowed(url):
        raise ConfigError(f"{key}: must be https (http is allowed on loopback only)")
    if set(url) & _MORE_THAN_A_PLACE:
        raise ConfigError(f"{key}: must have no query, fragment or password")
    return url


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


def _check_order(key: str, order: tuple[str, ...], capability: str, able: Any) -> None:
    for name in order:
        if name not in registry.names() and name not in OWN:
            raise ConfigError(f"{key}: no such provider: {name}")
        if not (OWN[name] == capability if name in OWN else able(registry.adapter(name))):
            raise ConfigError(f"{key}: {name} cannot do this")
    if len(set(order)) < len(order):
        raise ConfigError(f"{key}: a provider is listed twice")


def make_limits(settings: Settings, vendors: Mapping[str, Vendor]) -> dict[tuple[str, str], Limits]:
    limits = {}
    for name, vendor in vendors.items():
        section, adapter = settings.provider(name) or Provider(credentials={}), vendor.adapter
        for capability in vendor.capabilities:
            scope = WHOLE_VENDOR if WHOLE_VENDOR in adapter.rates else capability
            rate = adapter.rates.get(scope)
            if section.rate is not None:
                rate = _per_minute(section.rate, rate.seconds if rate else 60)
            quota = _quota(f"vendor:{name}:{scope}", rate)
            limits[name, capability] = Limits(section.concurrency or adapter.concurrency, quota)
    return limits


def _per_minute(calls: float, seconds: float) -> Rate:
    """So many calls a minute, counted in the vendor's own window of `seconds`, so that a minute's calls do
    not come at once where a second is what it counts. Less than one in it is one in a longer window."""
    if not calls:
        return Rate(0, seconds)
    at_once = max(1, int(calls * seconds / 60))
    return Rate(at_once, at_once * 60 / calls)


def _quota(key: str, rate: Rate | None) -> Quota | None:
    return Quota(key, rate.calls, rate.seconds) if rate else None
