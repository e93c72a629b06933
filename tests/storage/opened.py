"""A database as a process has it at its start."""

from collections.abc import Callable
from pathlib import Path

from headrace.engine.clock import SystemClock
from headrace.ports import Clock
from headrace.storage import postgres, schema
from headrace.storage.opening import Storage, open_storage

PATIENCE = 30.0
"""Seconds that a server which is well may take on a busy machine, to connect as well as for a statement."""


def wait_patiently(patch: Callable[[object, str, float], None] = setattr) -> None:
    """For every database that is opened from now on."""
    for module, name in ((postgres, "_PATIENCE"), (postgres, "_TO_CONNECT"), (schema, "_TO_CONNECT")):
        patch(module, name, PATIENCE)


def opened(url: str, clock: Clock | None = None) -> Storage:
    """With an owner of its own, and the default settings."""
    return open_storage(location_of(url), None, (), clock or SystemClock())


def location_of(url: str) -> Path | str:
    """A file by its path, a server by its URL."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else url
