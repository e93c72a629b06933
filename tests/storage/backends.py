"""The databases that the suite runs over. Another one needs a class here and a line in `FACTORIES`."""

import asyncio
import atexit
import re
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg

from headrace.config import Settings, load
from headrace.storage.audit import Audit, audit
from headrace.storage.opening import Storage
from headrace.wiring import open_storage


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
        return audited(self)

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


class PostgresBackend:
    """A database of a server that the whole run shares; dropped with the fixture that made it."""

    def __init__(self, directory: Path) -> None:
        self.name = f"headrace_{secrets.token_hex(6)}"
        self.url = database_url(server(), self.name)
        _on_server(f"CREATE DATABASE {self.name}")

    def open(self) -> Storage:
        return open_storage(settings_for(self.url))

    def audit(self) -> Audit:
        return audited(self)

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        text = re.sub(r":(\w+)", r"%(\1)s", sql)
        with psycopg.connect(self.url) as connection:
            return connection.execute(text.encode(), parameters).fetchall()

    def tamper(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # no foreign keys
            for table, check in connection.execute(_CHECKS).fetchall():
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {check}")
            for statement in statements:
                assert connection.execute(statement.encode()).rowcount > 0, f"changed nothing: {statement}"

    def copy(self, directory: Path) -> "PostgresBackend":
        copied = PostgresBackend.__new__(PostgresBackend)
        copied.name = f"headrace_{secrets.token_hex(6)}"
        copied.url = database_url(server(), copied.name)
        _on_server(f"CREATE DATABASE {copied.name} TEMPLATE {self.name}")
        return copied


_CHECKS = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
    WHERE contype = 'c' AND connamespace = 'public'::regnamespace
"""


def _on_server(statement: str) -> None:
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(statement.encode())


@cache
def server() -> str:
    """The URL of a server for the whole run."""
    running = postgres()
    url = running.__enter__()
    atexit.register(running.__exit__, None, None, None)
    return url


def audited(backend: Backend) -> Audit:
    """What the audit says."""
    storage = backend.open()
    try:
        return asyncio.run(audit(storage.database))
    finally:
        storage.close()


FACTORIES: Mapping[str, Callable[[Path], Backend]] = {"sqlite": SqliteBackend, "postgres": PostgresBackend}


def settings_for(url: str) -> Settings:
    """Settings with this database and nothing else of the machine's."""
    return load(None, {"HEADRACE_DATABASE__URL": url})
