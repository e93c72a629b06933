"""The databases that the suite runs over. Another one needs a class here and a line in `FACTORIES`."""

import asyncio
import atexit
import re
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg

from headrace.storage.audit import Audit, audit
from headrace.storage.opening import Storage
from tests.servers import database_url, postgres
from tests.storage.opened import opened


class Backend(Protocol):
    """One database of its own, until it is dropped. `url` is what a process opens it by."""

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

    def dump(self) -> bytes:
        """All bytes of it, in whatever form they can be looked through."""
        ...

    def drop(self) -> None: ...


class SqliteBackend:
    """A database file."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "headrace.db"
        self.url = f"sqlite:///{self.path}"

    def open(self) -> Storage:
        return opened(self.url)

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
        for file in self.path.parent.glob(f"{self.path.name}*"):
            if file.is_file():
                shutil.copy(file, directory)
        return SqliteBackend(directory)

    def dump(self) -> bytes:
        return b"".join(
            path.read_bytes()
            for path in self.path.parent.glob(f"{self.path.name}*")
            if path.suffix in (".db", ".db-wal")
        )

    def drop(self) -> None:
        """It goes with its folder."""

    def tamper_schema(self, statement: str) -> None:
        """Run a statement that counts no rows."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(statement)


class PostgresBackend:
    """A database of the server that the whole run shares."""

    def __init__(self, directory: Path | None = None, *, like: str = "template1") -> None:
        self.name = f"headrace_{secrets.token_hex(6)}"
        self.url = database_url(server(), self.name)
        _on_server(f"CREATE DATABASE {self.name} TEMPLATE {like}")

    def open(self) -> Storage:
        return opened(self.url)

    def audit(self) -> Audit:
        return audited(self)

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(_PARAMETER.sub(r"%(\1)s", sql).encode(), parameters).fetchall()

    def tamper(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # no foreign keys
            for table, check in connection.execute(_CHECKS).fetchall():
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {check}".encode())
            for statement in statements:
                assert connection.execute(statement.encode()).rowcount > 0, f"changed nothing: {statement}"

    def copy(self, directory: Path) -> "PostgresBackend":
        return PostgresBackend(like=self.name)

    def dump(self) -> bytes:
        with psycopg.connect(self.url) as connection:
            tables = [row[0] for row in connection.execute(_TABLES).fetchall()]
            rows = [row for table in tables for row in connection.execute(f"SELECT * FROM {table}".encode())]
        return b"\n".join(_bytes(value) for row in rows for value in row)

    def drop(self) -> None:
        _on_server(f"DROP DATABASE {self.name} WITH (FORCE)")


_PARAMETER = re.compile(r":(\w+)")
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_CHECKS = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
    WHERE contype = 'c' AND connamespace = 'public'::regnamespace
"""


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _on_server(statement: str) -> None:
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(statement.encode())


@cache
def server() -> str:
    """The URL of a server for the whole run."""
    running = ExitStack()
    atexit.register(running.close)
    return running.enter_context(postgres())


def audited(backend: Backend) -> Audit:
    """What the audit says."""
    storage = backend.open()
    try:
        return asyncio.run(audit(storage.database))
    finally:
        storage.close()


FACTORIES: Mapping[str, Callable[[Path], Backend]] = {"sqlite": SqliteBackend, "postgres": PostgresBackend}


@contextmanager
def new_backend(kind: str, directory: Path) -> Iterator[Backend]:
    """A database of that kind which nobody has ever opened."""
    made = FACTORIES[kind](directory)
    try:
        yield made
    finally:
        made.drop()
