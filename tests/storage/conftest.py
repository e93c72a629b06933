"""One database a test, of every kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.storage import postgres_owner
from headrace.storage.opening import Storage
from headrace.storage.sqlite import SqliteDatabase
from tests.servers import Postgres
from tests.storage.backends import FACTORIES, Backend, PostgresBackend, SqliteBackend, new_backend
from tests.storage.opened import wait_patiently


@pytest.fixture(scope="session", autouse=True)
def _patience() -> Iterator[None]:
    """No server counts as away because the machine stood still."""
    with pytest.MonkeyPatch.context() as patch:
        wait_patiently(patch.setattr)
        yield


@pytest.fixture(scope="session", params=FACTORIES)
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A database of each kind with nothing in it but the schema; for copying."""
    with new_backend(request.param, tmp_path_factory.mktemp("migrated")) as made:
        made.open().close()
        yield made


@pytest.fixture
def backend(migrated: Backend, tmp_path: Path) -> Iterator[Backend]:
    """An empty database of each kind, with the schema."""
    copied = migrated.copy(tmp_path)
    yield copied
    copied.drop()


@pytest.fixture(params=FACTORIES)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """A database of each kind that nobody has ever opened."""
    with new_backend(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead owner counts as such at the first look. How long it takes otherwise, its own tests tell."""
    monkeypatch.setattr(postgres_owner, "_CERTAINTY", 0.0)
    monkeypatch.setattr(postgres_owner, "_RETURN", 0.0)


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
def fleet() -> Iterator[PostgresBackend]:
    """A server's database, for what only servers have."""
    made = PostgresBackend()
    yield made
    made.drop()


@pytest.fixture(scope="module")
def crashing() -> Iterator[Postgres]:
    """A server that a module may stop and start again."""
    with Postgres() as server:
        yield server


@pytest.fixture
def database(sqlite: SqliteBackend) -> Iterator[SqliteDatabase]:
    """The file's readers and writer, with one table to play with."""
    sqlite.open().close()
    sqlite.tamper_schema("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL)")
    opened = SqliteDatabase(sqlite.path)
    yield opened
    opened.close()
