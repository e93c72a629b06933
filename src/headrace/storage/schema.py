"""Brings a database file to the schema that this version needs."""

import os
import sqlite3
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

from headrace.storage.errors import Unusable

HEAD = "0001"
"""The newest revision in `migrations/versions`; a test keeps it so."""


def current(path: Path) -> str | None:
    """The file's revision; `None` for a new or empty file. Raises `Unusable`."""
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(path)
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # there is no such table
            return None
        raise Unusable(f"{path}: {error}") from None
    return row[0] if row else None


def upgrade(path: Path) -> bool:
    """Create or migrate the schema; false when there was nothing to do. Safe against a second process:
    whoever comes second waits for the file's lock and finds the work done. Raises `Unusable`."""
    revision = current(path)
    if revision == HEAD:
        return False
    _make_private(path)
    # Imported here: a start with an up-to-date schema should not pay for the migration machinery.
    from alembic import command, util  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    with as_file(files("headrace.storage") / "migrations") as scripts:
        config = Config(attributes={"database": path})
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        try:
            command.upgrade(config, "head")
        except util.CommandError:
            raise Unusable(f"{path}: its schema, revision {revision}, was made by a newer Headrace") from None
        except DBAPIError as error:
            raise Unusable(f"{path}: {error.orig}") from None
    return True


def upgrade_apart(path: Path) -> None:
    """`upgrade` in a process of its own, for a server: the migration machinery would stay in its memory, a
    third of what an idle one takes. A failure is left for `upgrade` to meet and to explain."""
    if current(path) != HEAD:
        command = [sys.executable, "-m", "headrace.storage.schema", str(path)]
        subprocess.run(command, check=False, stderr=subprocess.DEVNULL)  # noqa: S603


def _make_private(path: Path) -> None:
    """The file, readable by nobody else from its first moment on; what SQLite puts beside it follows suit."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None


if __name__ == "__main__":
    upgrade(Path(sys.argv[1]))
