"""Settings: one frozen value, read once from a TOML file and the environment."""

from headrace.config.checks import check
from headrace.config.convert import ConfigError
from headrace.config.reading import load
from headrace.config.sections import Database, Privacy, Provider, Settings, Webhooks, locating

__all__ = [
    "ConfigError",
    "Database",
    "Privacy",
    "Provider",
    "Settings",
    "Webhooks",
    "check",
    "load",
    "locating",
]
