"""Opens the database that the settings name."""

from headrace.config import ConfigError, Settings, locating
from headrace.engine.clock import SystemClock
from headrace.storage import opening
from headrace.storage.erasure import Patience
from headrace.storage.opening import Storage
from headrace.storage.retention import Periods
from headrace.wiring.vendors import make_vendors, with_entered_keys

TO_SETTLE = 20.0
"""Seconds beyond its deadline that a search may take to be settled, while the database is away."""

_TO_WRITE = 5.0
"""Seconds beyond a vendor's own that an answer may take: for a place, and to be written down."""


@locating
def open_storage(settings: Settings, *, keys_lost: bool = False) -> Storage:
    """Open the database, creating or migrating it where needed. `keys_lost`: also where no key opens what is
    stored, for giving that up. Raises `ConfigError` and `Unusable`."""
    security = settings.security
    return opening.open_storage(
        settings.database_at,
        _pepper(settings),
        security.encryption_keys,
        SystemClock(),
        settings.privacy.consent_version,
        keys_lost=keys_lost,
    )


def retention_periods(settings: Settings) -> Periods:
    """How long what is kept."""
    privacy = settings.privacy
    return Periods(privacy.results_days, privacy.answers_days, privacy.audit_days)


def erasure_patience(settings: Settings, storage: Storage) -> Patience:
    """How long an erasure waits for what is under way."""
    vendors = make_vendors(with_entered_keys(settings, storage)).values()
    slowest = max((vendor.timeout for vendor in vendors), default=0.0)
    return Patience(settings.waterfall.deadline.total + TO_SETTLE, slowest + _TO_WRITE)


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
