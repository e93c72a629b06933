"""A database as a process has it at its start."""

from pathlib import Path

from headrace.engine.clock import SystemClock
from headrace.storage.opening import Storage, open_storage


def opened(url: str) -> Storage:
    """With an owner of its own, and the default settings."""
    return open_storage(location_of(url), None, (), SystemClock())


def location_of(url: str) -> Path | str:
    """A file by its path, a server by its URL."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else url
