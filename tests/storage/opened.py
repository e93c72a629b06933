"""A database as a process has it at its start."""

from pathlib import Path

from headrace.engine.clock import SystemClock
from headrace.ports import Clock
from headrace.storage.opening import Storage, open_storage


def opened(url: str, clock: Clock | None = None) -> Storage:
    """With an owner of its own, and the default settings."""
    return open_storage(location_of(url), None, (), clock or SystemClock())


def location_of(url: str) -> Path | str:
    """A file by its path, a server by its URL."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else url
