"""Settings: one frozen value, read once from a TOML file and the environment."""

import ipaddress
import math
import os
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from dotenv import dotenv_values
from msgspec import Struct, field

from headrace.domain.webhooks import DEFAULT_SCHEDULE

PREFIX = "HEADRACE_"
DEFAULT_FILE = "headrace.toml"


class ConfigError(Exception):
    """A setting is wrong. The text names its key."""


class _Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings are immutable, and a misspelt key is an error rather than a silent default."""


class Database(_Section, frozen=True):
    url: str = "sqlite:///headrace.db"  # or postgresql://user@host/headrace

    def __repr__(self) -> str:
        return "Database(...)"  # without a password


class Server(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: int = 8080
    rate_limit: int = 50  # requests in any second, per account
    drain_seconds: float = 8.0  # what is in flight at SIGTERM has this long to end
    cors_origins: tuple[str, ...] = ()


class Order(_Section, frozen=True):
    email: tuple[str, ...] = ("leadmagic", "prospeo", "findymail", "hunter", "pronto", "airscale")
    personal_email: tuple[str, ...] = ("pronto", "leadmagic", "airscale")
    phone: tuple[str, ...] = ("leadmagic", "prospeo", "findymail", "pronto", "airscale")


class Deadline(_Section, frozen=True):
    """Seconds."""

    email: float = 25
    personal_email: float = 30
    phone: float = 30
    total: float = 55


class Waterfall(_Section, frozen=True):
    order: Order = field(default_factory=Order)
    deadline: Deadline = field(default_factory=Deadline)


class Verification(_Section, frozen=True):
    order: tuple[str, ...] = ("leadmagic", "hunter", "findymail", "airscale")
    upstreams: dict[str, str] = {}  # source -> whose answers it resells


class Prices(_Section, frozen=True):
    """Credits per field found. `overrides`: provider -> field -> credits."""

    email: float = 3
    phone: float = 30
    personal_email: float = 30
    overrides: dict[str, dict[str, float]] = {}
    reused: float = 1.0  # the share of a price that is paid for a value that was known already


class Transport(_Section, frozen=True):
    client: typing.Literal["pyreqwest", "aiohttp"] = "pyreqwest"
    ca_file: str | None = None  # PEM; trusted besides the usual authorities
    connections: int = 300  # at once, to all vendors together


class Security(_Section, frozen=True):
    pepper: str | None = None  # hex; keys the hashes of API keys; default: a file beside the database
    encryption_keys: tuple[str, ...] = ()  # the first one seals, all open; default: a file there too

    def __repr__(self) -> str:
        return "Security(...)"


class Shared(_Section, frozen=True):
    """What several processes share besides the database."""

    url: str | None = None  # redis://host:port/number

    def __repr__(self) -> str:
        return "Shared(...)"  # without a password


class Webhooks(_Section, frozen=True):
    """`schedule`: seconds between attempts, the first at once."""

    schedule: tuple[float, ...] = DEFAULT_SCHEDULE
    timeout: float = 15
    allow_http: bool = False
    allow_private: tuple[str, ...] = ()  # CIDRs


class Jobs(_Section, frozen=True):
    """Work that outlives its request."""

    parallel: int = 5  # enrichments of one account at once; the rest wait in order
    name: str | None = None  # of this worker; default: the host's


class Privacy(_Section, frozen=True):
    """Retention is in days, counted from when something was first collected."""

    consent_version: str = "1"  # of the document that accounts consent to; a new one needs new consents
    results_days: float = 30
    answers_days: float = 90
    audit_days: float = 365
    purpose: str = ""  # why persons are looked for; stands in the register of processing


class Dns(_Section, frozen=True):
    """Where the mail of domains is looked up."""

    servers: tuple[str, ...] = ()  # address:port; default: the system's resolvers
    timeout: float = 3  # seconds for all that one domain needs


class Finder(_Section, frozen=True):
    """Our own guesses at addresses, for whoever names `headrace_finder` in an order."""

    enabled: bool = True
    candidates: int = 3  # addresses that one search may have verified


class Probe(_Section, frozen=True):
    """Our own questions to mail hosts. `helo` and `mail_from` say who asks; both must be real."""

    enabled: bool = False
    port: int = 25
    helo: str | None = None
    mail_from: str | None = None
    allow_private: tuple[str, ...] = ()  # CIDRs that are dialled although they are not public
    timeout: float = 20  # seconds for one address
    proxy: str | None = None  # socks5://host:port
    per_second: float = 20  # sessions, over all mail hosts; 0: any number
    daily_per_domain: int = 300  # sessions

    def __repr__(self) -> str:
        return "Probe(...)"  # without a proxy's password


class Log(_Section, frozen=True):
    level: typing.Literal["debug", "info", "warning", "error"] = "info"
    format: typing.Literal["auto", "json", "text"] = "auto"


class Provider(Struct, frozen=True, kw_only=True):
    """One vendor. `credentials` are the keys of its section that are not listed here.

    `rate` is in calls per minute for each capability; 0 removes the limit.
    """

    credentials: dict[str, str]
    base_url: str | None = None
    timeout: float | None = None
    concurrency: int | None = None
    rate: float | None = None
    trusted: bool = False

    def __repr__(self) -> str:
        return f"Provider(base_url={self.base_url!r}, ...)"  # without its keys


class Settings(_Section, frozen=True):
    """Everything that can be set. `directory` is where relative paths start."""

    database: Database = field(default_factory=Database)
    server: Server = field(default_factory=Server)
    waterfall: Waterfall = field(default_factory=Waterfall)
    verification: Verification = field(default_factory=Verification)
    prices: Prices = field(default_factory=Prices)
    transport: Transport = field(default_factory=Transport)
    security: Security = field(default_factory=Security)
    shared: Shared = field(default_factory=Shared)
    webhooks: Webhooks = field(default_factory=Webhooks)
    jobs: Jobs = field(default_factory=Jobs)
    privacy: Privacy = field(default_factory=Privacy)
    dns: Dns = field(default_factory=Dns)
    finder: Finder = field(default_factory=Finder)
    probe: Probe = field(default_factory=Probe)
    log: Log = field(default_factory=Log)
    providers: dict[str, dict[str, Any]] = {}
    directory: Path = Path()

    def __repr__(self) -> str:
        return f"Settings(directory={self.directory!r}, ...)"  # without the vendors' keys

    def provider(self, name: str) -> Provider | None:
        """The vendor's section, if there is one. Raises `ConfigError`."""
        section = self.providers.get(name)
        if section is None:
            return None
        known = {key: value for key, value in section.items() if key in _PROVIDER_KEYS}
        credentials = {key: str(value) for key, value in section.items() if key not in _PROVIDER_KEYS}
        provider: Provider = _convert({**known, "credentials": credentials}, Provider, f"providers.{name}")
        for key, least in (("timeout", 0), ("concurrency", 1), ("rate", 0)):
            value = getattr(provider, key)
            if value is not None and not least <= value < math.inf:
                raise ConfigError(f"providers.{name}.{key}: must be at least {least}")
        return provider

    @property
    def ca_file(self) -> Path | None:
        """The additional certificate authorities."""
        return self.directory / self.transport.ca_file if self.transport.ca_file else None

    @property
    def database_at(self) -> Path | str:
        """The database file, or the URL of a PostgreSQL database. Raises `ConfigError`."""
        url = self.database.url
        if url.startswith(("postgresql://", "postgres://")):
            return url.replace("postgres://", "postgresql://", 1)
        scheme, _, path = url.partition(":///")
        if scheme != "sqlite" or not path:
            raise ConfigError("database.url: must be sqlite:///<file> or postgresql://user@host/name")
        return self.directory / path

    @property
    def database_path(self) -> Path:
        """The database file, where it is one. Raises `ConfigError`."""
        location = self.database_at
        if isinstance(location, Path):
            return location
        raise ConfigError("database.url: this needs an SQLite file")


_PROVIDER_KEYS = {struct_field.name for struct_field in msgspec.structs.fields(Provider)} - {"credentials"}


def load(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from `file` (else `headrace.toml` here, else defaults), overlaid with `.env` and the
    environment: `HEADRACE_DATABASE__URL` sets `database.url`. Raises `ConfigError`."""
    if environment is None:
        from_dotenv = {key: value for key, value in dotenv_values(".env").items() if value is not None}
        environment = {**from_dotenv, **os.environ}
    if file is None and environment.get(f"{PREFIX}CONFIG"):
        file = Path(environment[f"{PREFIX}CONFIG"])
    if file is None and Path(DEFAULT_FILE).exists():
        file = Path(DEFAULT_FILE)
    tree = _read(file) if file else {}
    for key, value in environment.items():
        path = key.removeprefix(PREFIX).lower().split("__")
        # An empty credential is one that was left open in a template, not one that takes another away.
        if key.startswith(PREFIX) and "__" in key and (value or path[0] != "providers"):
            _overlay(tree, path, value)
    tree["directory"] = str(file.parent if file else Path())
    return check(_convert(tree, Settings))


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
    if settings.shared.url and not settings.shared.url.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError("shared.url: must be redis://host:port/number")
    if settings.ca_file and not settings.ca_file.is_file():
        raise ConfigError(f"transport.ca_file: there is no file {settings.ca_file}")
    return settings


def _check_deadlines(deadline: Deadline) -> None:
    for name in deadline.__struct_fields__:
        if not 0 < getattr(deadline, name) < math.inf:
            raise ConfigError(f"waterfall.deadline.{name}: must be more than 0 seconds")


def _check_prices(prices: Prices) -> None:
    costs = {name: getattr(prices, name) for name in ("email", "phone", "personal_email")}
    for provider, per_field in prices.overrides.items():
        costs |= {f"overrides.{provider}.{name}": price for name, price in per_field.items()}
    for name, price in costs.items():
        if not 0 <= price < math.inf:
            raise ConfigError(f"prices.{name}: must be 0 or more")
    if not 0 <= prices.reused <= 1:
        raise ConfigError("prices.reused: must be between 0 and 1")


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


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({error.__class__.__name__})") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from None


def _overlay(tree: dict[str, Any], path: list[str], text: str) -> None:
    *parents, last = path
    here = tree
    for parent in parents:
        step = here.setdefault(parent, {})
        if not isinstance(step, dict):
            raise ConfigError(f"{'.'.join(path)}: {parent} is not a section")
        here = step
    here[last] = _split(text) if _is_list(path) else text


def _is_list(path: list[str]) -> bool:
    """Whether the setting at `path` is a list, which the environment writes with commas."""
    kind: Any = Settings
    for name in path:
        fields = typing.get_type_hints(kind) if isinstance(kind, type) and issubclass(kind, Struct) else {}
        kind = fields.get(name)
    return typing.get_origin(kind) is tuple


def _split(text: str) -> list[str]:
    return [item.strip() for item in text.strip("[] ").replace('"', "").split(",") if item.strip()]


def _convert(tree: Mapping[str, Any], kind: type[Any], under: str = "") -> Any:
    try:
        return msgspec.convert(tree, kind, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        key = ".".join(part for part in (under, where.rstrip("`")) if part)
        raise ConfigError(f"{key}: {what}" if key else what) from None


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError  # how the converter is told that it must decide itself
