"""Brings a database to the schema that this version needs."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from pathlib import Path

from headrace.storage.errors import Unusable

HEAD = "0008"
"""The newest revision in `migrations/versions`; a test keeps it so."""

Location = Path | str
"""A database file, or the `postgresql://` URL of a server's database."""

_TO_CONNECT = 5.0
"""Seconds."""

_REVISION = "SELECT version_num FROM alembic_version"


def current(location: Location) -> str | None:
    """The database's revision; `None` for a new or empty one. Raises `Unusable`."""
    return _current_of_file(location) if isinstance(location, Path) else _current_of_server(location)


def check(location: Location) -> None:
    """Whether the database is of this version, as it stands. Raises `Unusable`."""
    revision = current(location)
    if revision is None:
        raise Unusable(f"{name(location)}: this is no Headrace database")
    if revision.isdecimal() and revision < HEAD:
        raise Unusable(
            f"{name(location)}: its schema, revision {revision}, is older; run `headrace db upgrade` first"
        )
    if revision != HEAD:
        raise _too_new(location, revision)


def upgrade(location: Location) -> bool:
    """Create or migrate the schema; false when there was nothing to do. Safe against a second process:
    whoever comes second waits for the database's lock and finds the work done. Raises `Unusable`."""
    revision = current(location)
    if revision == HEAD:
        return False
    if isinstance(location, Path):
        _make_private(location)
    # Imported here: a start with an up-to-date schema should not pay for the migration machinery.
    from alembic import command, util  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    with as_file(files("headrace.storage") / "migrations") as scripts:
        config = Config(attributes={"database": location})
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        try:
            command.upgrade(config, "head")
        except util.CommandError:
            raise _too_new(location, revision) from None
        except DBAPIError as error:
            raise Unusable(f"{name(location)}: {str(error.orig).strip()}") from None
    return True


def upgrade_apart(location: Location) -> None:
    """`upgrade` in a process of its own, for a server: the migration machinery would stay in its memory, a
    third of what an idle one takes. A failure is left for `upgrade` to meet and to explain."""
    if current(location) != HEAD:
        kind = "file" if isinstance(location, Path) else "url"
        command = [sys.executable, "-m", "headrace.storage.schema", kind]
        subprocess.run(command, input=str(location), text=True, check=False, stderr=subprocess.DEVNULL)  # noqa: S603


def name(location: Location) -> str:
    """The database for people, without a password."""
    if isinstance(location, Path):
        return str(location)
    head, _, rest = location.partition("://")
    return f"{head}://{rest.rpartition('@')[2].partition('?')[0]}"


def _too_new(location: Location, revision: str | None) -> Unusable:
    return Unusable(f"{name(location)}: its schema, revision {revision}, was made by a newer Headrace")


def _current_of_file(path: Path) -> str | None:
    if not path.exists():
        return None
    if not os.access(path, os.W_OK):  # before SQLite leaves files beside it which could not be written either
        raise Unusable(f"{path}: cannot be written to")
    try:
        connection = sqlite3.connect(path)
        try:
            row = connection.execute(_REVISION).fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # there is no such table
            return None
        raise Unusable(f"{path}: {error}") from None
    return row[0] if row else None


def _current_of_server(url: str) -> str | None:
    from headrace.storage.postgres_faults import ANY  # noqa: PLC0415

    # In a thread, as an event loop may be running in this one.
    with ThreadPoolExecutor(1) as apart:
        try:
            return apart.submit(asyncio.run, _revision_at(url)).result()
        except (*ANY, ValueError) as error:  # the latter: of the URL
            raise Unusable(f"{name(url)}: {str(error).strip() or type(error).__name__}") from None


async def _revision_at(url: str) -> str | None:
    import asyncpg  # noqa: PLC0415

    connection = await asyncpg.connect(url, timeout=_TO_CONNECT)
    try:
        revision: str | None = await connection.fetchval(_REVISION)
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()
    return revision


def _make_private(path: Path) -> None:
    """The file, readable by nobody else from its first moment on; what SQLite puts beside it follows suit."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None


if __name__ == "__main__":
    given = sys.stdin.read()
    upgrade(Path(given) if sys.argv[1] == "file" else given)
