"""Opens the database that the settings name."""

from headrace.config import ConfigError, Settings
from headrace.engine.clock import SystemClock
from headrace.storage import opening
from headrace.storage.opening import Storage
from headrace.storage.retention import Periods


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


def retention_periods(settings: Settings) -> Periods:
    """How long what is kept."""
    privacy = settings.privacy
    return Periods(privacy.results_days, privacy.answers_days, privacy.audit_days)


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
