"""The databases that the suite runs over. Another one needs a class here and a line in `FACTORIES`."""

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from headrace.config import Settings, load
from headrace.storage.audit import Audit, audit
from headrace.wiring import Storage, open_storage


class Backend(Protocol):
    """One database of its own. `url` is what a process opens it by."""

    url: str

    def open(self) -> Storage:
        """As a process does at its start: with an owner of its own."""
        ...

    def audit(self) -> Audit: ...

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """What a stranger to the application sees."""
        ...

    def tamper(self, *statements: str) -> None:
        """Change what is stored behind the application's back, whatever the constraints say."""
        ...

    def copy(self, directory: Path) -> "Backend":
        """Another database with the same content. Nobody has this one open."""
        ...


class SqliteBackend:
    """A database file."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "headrace.db"
        self.url = f"sqlite:///{self.path}"

    def open(self) -> Storage:
        return open_storage(settings_for(self.url))

    def audit(self) -> Audit:
        return audit(self.path)

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def tamper(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                assert connection.execute(statement).rowcount > 0, f"changed nothing: {statement}"

    def copy(self, directory: Path) -> "SqliteBackend":
        shutil.copy(self.path, directory)
        return SqliteBackend(directory)

    def tamper_schema(self, statement: str) -> None:
        """Run a statement that counts no rows."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(statement)


FACTORIES: Mapping[str, Callable[[Path], Backend]] = {"sqlite": SqliteBackend}


def settings_for(url: str) -> Settings:
    """Settings with this database and nothing else of the machine's."""
    return load(None, {"HEADRACE_DATABASE__URL": url})
