"""Whose the files beside a database are: its owner's, also where root makes them.

Only what this process has made itself changes hands, by its descriptor: in a folder that is another user's, a
path may lead anywhere.
"""

import os
from contextlib import suppress
from pathlib import Path

_PERMISSIONS = 0o777


def keep(made: int, path: Path) -> None:
    """Give the open file, which is to take the place of the one at `path`, its owner, group and mode. Raises
    `OSError` where this process may not: others could no longer read it then, or more of them could."""
    before = path.stat()
    if _of(os.fstat(made)) != _of(before):
        os.fchown(made, before.st_uid, before.st_gid)
    os.fchmod(made, before.st_mode & _PERMISSIONS)


def follow(made: int, path: Path) -> None:
    """Give what was just made to whom `path` belongs, where this process may: a command that root runs must
    leave nothing behind that the server cannot use."""
    with suppress(PermissionError, FileNotFoundError):
        wanted = path.stat()
        if _of(os.fstat(made)) != _of(wanted):
            os.fchown(made, wanted.st_uid, wanted.st_gid)


def _of(status: os.stat_result) -> tuple[int, int]:
    return status.st_uid, status.st_gid
