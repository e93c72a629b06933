"""One database a test, of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.storage.database import Database
from headrace.storage.opening import Storage
from tests.storage.backends import FACTORIES, Backend, SqliteBackend


@pytest.fixture(scope="session", params=FACTORIES)
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backend:
    """A database of each kind with nothing in it but the schema; for copying."""
    made = FACTORIES[request.param](tmp_path_factory.mktemp("migrated"))
    made.open().close()
    return made


@pytest.fixture
def backend(migrated: Backend, tmp_path: Path) -> Backend:
    """An empty database of each kind, with the schema."""
    return migrated.copy(tmp_path)


@pytest.fixture(params=FACTORIES)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """A database of each kind that nobody has ever opened."""
    return FACTORIES[request.param](tmp_path)


@pytest.fixture
def storage(backend: Backend) -> Iterator[Storage]:
    """The database, opened by this process."""
    opened = backend.open()
    yield opened
    opened.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> SqliteBackend:
    """A database file, for what only files have."""
    return SqliteBackend(tmp_path)


@pytest.fixture
def database(sqlite: SqliteBackend) -> Iterator[Database]:
    """The file's readers and writer, with one table to play with."""
    sqlite.open().close()
    sqlite.tamper_schema("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL)")
    opened = Database(sqlite.path)
    yield opened
    opened.close()
