"""All that can be set, with what holds otherwise. Settings are one frozen value."""

import math
import typing
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec
from msgspec import Struct, field

from headrace.config.convert import ConfigError, convert
from headrace.domain.webhooks import DEFAULT_SCHEDULE

P = ParamSpec("P")
T = TypeVar("T")


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
    connections: int = 300  # at once, to all vendors together; at most two thirds of them to one


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

    `rate` is in calls per minute for each capability, or for all together where the vendor counts so; 0
    removes the limit.
    """

    credentials: dict[str, str]
    base_url: str | None = None
    timeout: float | None = None
    concurrency: int | None = None
    rate: float | None = None
    trusted: bool = False

    def __repr__(self) -> str:
        return f"Provider(base_url={self.base_url!r}, ...)"  # without its keys


@dataclass(frozen=True, slots=True)
class Origin:
    """Where settings come from: a file, and variables by name."""

    file: str | None = None
    variables: tuple[str, ...] = ()

    def locate(self, error: ConfigError) -> ConfigError:
        """The same mistake, told with where it was made."""
        if error.located:
            return error
        located = ConfigError(f"{error} ({self._of(str(error))})")
        located.located = True
        return located

    def _of(self, mistake: str) -> str:
        """Where the setting comes from that a message begins with, or something below it."""
        key = "HEADRACE_" + mistake.partition(":")[0].replace(".", "__").upper()
        for name in self.variables:
            if name.upper() == key or name.upper().startswith(f"{key}__"):
                return f"from {name}"
        return f"in {self.file}" if self.file else "from the environment"


class Settings(_Section, frozen=True):
    """Everything that can be set. `directory` is where relative paths start; `origin` is for messages."""

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
    origin: Origin = field(default_factory=Origin)

    def __repr__(self) -> str:
        return f"Settings(directory={self.directory!r}, ...)"  # without the vendors' keys

    def provider(self, name: str) -> Provider | None:
        """The vendor's section, if there is one. Raises `ConfigError`."""
        section = self.providers.get(name)
        if section is None:
            return None
        known = {key: value for key, value in section.items() if key in _PROVIDER_KEYS}
        credentials = {
            key: _credential(f"providers.{name}.{key}", value)
            for key, value in section.items()
            if key not in _PROVIDER_KEYS
        }
        provider: Provider = convert({**known, "credentials": credentials}, Provider, f"providers.{name}")
        if provider.timeout is not None and not 0 < provider.timeout < math.inf:
            raise ConfigError(f"providers.{name}.timeout: must be more than 0 seconds")
        for key, least in (("concurrency", 1), ("rate", 0)):
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
            wrong = ConfigError("database.url: must be sqlite:///<file> or postgresql://user@host/name")
            raise self.origin.locate(wrong)
        return self.directory / path

    @property
    def database_path(self) -> Path:
        """The database file, where it is one. Raises `ConfigError`."""
        location = self.database_at
        if isinstance(location, Path):
            return location
        raise ConfigError("database.url: this needs an SQLite file")


def locating(work: Callable[Concatenate[Settings, P], T]) -> Callable[Concatenate[Settings, P], T]:
    """Mistakes that `work` finds in its settings are told with where they were made."""

    @wraps(work)
    def located(settings: Settings, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(settings, *args, **kwargs)
        except ConfigError as error:
            raise settings.origin.locate(error) from None

    return located


_PROVIDER_KEYS = {struct_field.name for struct_field in msgspec.structs.fields(Provider)} - {"credentials"}


def _credential(key: str, value: object) -> str:
    """What can stand in a header. Empty, it was left open in a template. Raises `ConfigError`."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ConfigError(f"{key}: must be text")
    text = str(value)
    if text and not text.strip():
        raise ConfigError(f"{key}: must not be blank")
    if not (text.isascii() and text.isprintable()):
        raise ConfigError(f"{key}: must be printable ASCII")
    return text
