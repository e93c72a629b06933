"""A copy of a database file as of one moment, made while servers write."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from headrace.storage.errors import Unusable


def back_up(database: Path, to: Path) -> int:
    """Write the copy, readable by its owner alone, and return its bytes. It appears whole or not at all, and
    never in the place of another. Raises `Unusable`.

    Page by page, as SQLite's backup does it, it would begin anew with every commit of another process, and on
    a busy server never end.
    """
    if not database.exists():
        raise Unusable(f"{database}: is not there")
    made = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        if to.exists():
            raise Unusable(f"{to}: is there already")
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(database, made)
        os.link(made, to)
        return to.stat().st_size
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise Unusable(f"{database}: cannot be copied to {to}: {reason}") from None
    finally:
        made.unlink(missing_ok=True)


def _copy(database: Path, made: Path) -> None:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        connection.isolation_level = None
        connection.execute("VACUUM INTO ?", [str(made)])
    with made.open("rb") as file:
        os.fsync(file.fileno())
