"""Whether settings make sense."""

import ipaddress
import math
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from headrace.config.convert import ConfigError
from headrace.config.sections import Deadline, Dns, Prices, Privacy, Probe, Settings, Webhooks

_MOST_CREDITS = 10**12
"""In a price; the sum of all kinds' prices, in thousandths, has to fit the database's integers."""


def check(settings: Settings) -> Settings:
    """The settings, if their values make sense. Raises `ConfigError`."""
    _check_deadlines(settings.waterfall.deadline)
    _check_prices(settings.prices)
    _check_webhooks(settings.webhooks)
    _check_privacy(settings.privacy)
    _check_dns(settings.dns)
    _check_probe(settings.probe)
    for key, value, least in (
        ("server.rate_limit", settings.server.rate_limit, 1),
        ("server.drain_seconds", settings.server.drain_seconds, 0),
        ("transport.connections", settings.transport.connections, 1),
        ("jobs.parallel", settings.jobs.parallel, 1),
        ("finder.candidates", settings.finder.candidates, 1),
        ("probe.per_second", settings.probe.per_second, 0),
        ("probe.daily_per_domain", settings.probe.daily_per_domain, 1),
    ):
        if not least <= value < math.inf:
            raise ConfigError(f"{key}: must be {'0 or more' if not least else 'at least 1'}")
    # The operating system takes an empty address for all addresses, and would open the API to every network.
    if not settings.server.host.strip():
        raise ConfigError("server.host: must not be empty")
    if settings.shared.url and not settings.shared.url.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError("shared.url: must be redis://host:port/number")
    if settings.ca_file:
        _check_authorities(settings.ca_file)
    return settings


def _check_authorities(file: Path) -> None:
    """One of the HTTP clients would take a file without any in silence."""
    if not file.is_file():
        raise ConfigError(f"transport.ca_file: there is no file {file}")
    import ssl  # noqa: PLC0415 - for those who have such a file

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with suppress(OSError):  # which is raised for what is no certificate, too
        context.load_verify_locations(file)
    if not context.cert_store_stats()["x509"]:
        raise ConfigError(f"transport.ca_file: {file} holds no PEM certificate")


def _check_deadlines(deadline: Deadline) -> None:
    for name in deadline.__struct_fields__:
        if not 0 < getattr(deadline, name) < math.inf:
            raise ConfigError(f"waterfall.deadline.{name}: must be more than 0 seconds")


def _check_prices(prices: Prices) -> None:
    costs = {name: getattr(prices, name) for name in ("email", "phone", "personal_email")}
    for provider, per_field in prices.overrides.items():
        costs |= {f"overrides.{provider}.{name}": price for name, price in per_field.items()}
    for name, price in costs.items():
        if not _is_price(price):
            raise ConfigError(
                f"prices.{name}: must be a number of credits from 0 to 1e12 with at most three decimals"
            )
    if not 0 <= prices.reused <= 1:
        raise ConfigError("prices.reused: must be between 0 and 1")


def _is_price(credits: float) -> bool:
    """Whether it can be charged: books are kept in thousandths, and a finer price would be rounded."""
    return 0 <= credits <= _MOST_CREDITS and Decimal(str(credits)) * 1000 % 1 == 0


def _check_webhooks(webhooks: Webhooks) -> None:
    if not webhooks.schedule or not all(0 <= gap < math.inf for gap in webhooks.schedule):
        raise ConfigError("webhooks.schedule: must hold gaps of 0 or more seconds, at least one")
    if not 0 < webhooks.timeout < math.inf:
        raise ConfigError("webhooks.timeout: must be more than 0 seconds")
    _check_networks("webhooks.allow_private", webhooks.allow_private)


def _check_networks(key: str, networks: tuple[str, ...]) -> None:
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ConfigError(f"{key}: {network!r} is not a network such as 10.0.0.0/8") from None


def _check_dns(dns: Dns) -> None:
    if not 0 < dns.timeout < math.inf:
        raise ConfigError("dns.timeout: must be more than 0 seconds")
    for server in dns.servers:
        if not _is_name_server(server):
            raise ConfigError(f"dns.servers: {server!r} is not an address and a port, such as 127.0.0.1:53")


def _is_name_server(text: str) -> bool:
    """`address:port`, `[address]:port`, or an address alone."""
    address, colon, port = text.rpartition(":")
    if not colon or (":" in address and not address.startswith("[")):
        address, port = text, "53"
    try:
        ipaddress.ip_address(address.strip("[]"))
        return 0 < int(port) < 65_536
    except ValueError:
        return False


def _check_probe(probe: Probe) -> None:
    if not 0 < probe.timeout < math.inf:
        raise ConfigError("probe.timeout: must be more than 0 seconds")
    if not 0 < probe.port < 65_536:
        raise ConfigError("probe.port: must be between 1 and 65535")
    _check_networks("probe.allow_private", probe.allow_private)
    if probe.proxy and not probe.proxy.startswith("socks5://"):
        raise ConfigError("probe.proxy: must be socks5://host:port")
    for name in ("helo", "mail_from"):
        value = getattr(probe, name)
        if probe.enabled and not value:
            raise ConfigError(f"probe.{name}: is required when probe.enabled is true")
        if value and not _is_one_word(value):
            raise ConfigError(f"probe.{name}: must be ASCII without blanks or brackets")


def _is_one_word(value: str) -> bool:
    """Whether it can stand in a command to a mail host."""
    return value.isascii() and value.isprintable() and not set(value) & set(" <>")


def _check_privacy(privacy: Privacy) -> None:
    for name in ("results_days", "answers_days", "audit_days"):
        if not 0 < getattr(privacy, name) < math.inf:
            raise ConfigError(f"privacy.{name}: must be more than 0 days")
    if not privacy.consent_version.strip():
        raise ConfigError("privacy.consent_version: must not be empty")
