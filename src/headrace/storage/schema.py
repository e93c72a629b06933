"""Brings a database file to the schema that this version needs."""

import sqlite3
from importlib.resources import as_file, files
from pathlib import Path

HEAD = "0001"
"""The newest revision in `migrations/versions`; a test keeps it so."""


def current(path: Path) -> str | None:
    """The file's revision; `None` for a new or empty file."""
    if not path.exists():
        return None
    connection = sqlite3.connect(path)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    finally:
        connection.close()
    return row[0] if row else None


def upgrade(path: Path) -> bool:
    """Create or migrate the schema; false when there was nothing to do. Safe against a second process:
    whoever comes second waits for the file's lock and finds the work done."""
    if current(path) == HEAD:
        return False
    # Imported here: a start with an up-to-date schema should not pay for the migration machinery.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    with as_file(files("headrace.storage") / "migrations") as scripts:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.set_main_option("sqlalchemy.url", f"sqlite:///{path}")
        command.upgrade(config, "head")
    path.chmod(0o600)
    return True
