"""Whether the disk has room for the end of what is about to begin."""

import sqlite3
from pathlib import Path
from shutil import disk_usage

from headrace.domain.errors import Problem

ENOUGH = 1 << 20
"""Bytes that the largest settlement needs, with all that the log of changes takes for it."""


class Room:
    """On a disk that is nearly full a hold may still fit where the settlement no longer does, and vendors
    would be paid for what cannot be kept. So once a write found no room, nothing begins until there is
    `enough`."""

    def __init__(self, folder: Path, enough: int = ENOUGH) -> None:
        self._folder = folder
        self._enough = enough
        self._ran_out = False

    def heard(self, error: BaseException | None) -> None:
        """Called with whatever a write ended with."""
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            self._ran_out = True

    def check(self) -> None:
        """Raises `Problem(storage_unavailable)` while there is none."""
        if self._ran_out:
            self._ran_out = disk_usage(self._folder).free < self._enough
        if self._ran_out:
            raise Problem("storage_unavailable", retry_after=1)
