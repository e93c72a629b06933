"""A database that can only be read is refused at start, whoever the process runs as."""

import os
import sqlite3
from contextlib import closing

import psycopg
import pytest

from headrace.storage import schema
from headrace.storage.errors import Unusable
from tests.storage.backends import PostgresBackend, SqliteBackend


def test_a_file_that_can_only_be_read_is_refused(
    sqlite: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.open().close()
    connect = sqlite3.connect

    def reading(path: object, **options: object) -> sqlite3.Connection:
        """What SQLite itself falls back to where the file's mode forbids more, which root is not told."""
        return connect(f"file:{path}?mode=ro", uri=True, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", reading)
    with pytest.raises(Unusable, match=r"headrace\.db: attempt to write a readonly database"):
        sqlite.open()


def test_a_file_whose_mode_forbids_writing_is_refused_before_anything_is_left_beside_it(
    sqlite: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.open().close()
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == sqlite.path and mode == os.W_OK))

    with pytest.raises(Unusable, match=r"headrace\.db: cannot be written to"):
        schema.current(sqlite.path)
    assert not list(sqlite.path.parent.glob("headrace.db-*"))


def test_a_file_that_somebody_writes_at_this_moment_is_opened(sqlite: SqliteBackend) -> None:
    sqlite.open().close()
    with closing(sqlite3.connect(sqlite.path, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        sqlite.open().close()


def test_looking_whether_it_can_be_written_changes_nothing(sqlite: SqliteBackend) -> None:
    sqlite.open().close()
    before = sqlite.path.read_bytes()
    sqlite.open().close()
    assert sqlite.path.read_bytes() == before


def test_a_server_that_can_only_be_read_is_refused(fleet: PostgresBackend) -> None:
    fleet.open().close()
    with psycopg.connect(fleet.url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {fleet.name} SET default_transaction_read_only = on".encode())

    with pytest.raises(Unusable, match=rf"{fleet.name}: cannot be written to"):
        fleet.open()
