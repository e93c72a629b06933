"""A database a test, of each kind, in which the engine has been launched once."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from headrace.jobs.durable import Durable
from tests.servers import database_url, new_database, postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def launched_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("launched") / "jobs.db"
    _launch_once(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def launched_database(postgres_server: str) -> Iterator[str]:
    with new_database(postgres_server) as url:
        _launch_once(url)
        yield url


@pytest.fixture
def sqlite_url(launched_file: Path, tmp_path: Path) -> str:
    shutil.copy(launched_file, tmp_path)
    return f"sqlite:///{tmp_path}/{launched_file.name}"


@pytest.fixture
def postgres_url(postgres_server: str, launched_database: str) -> Iterator[str]:
    original = psycopg.conninfo.conninfo_to_dict(launched_database)["dbname"]
    name = f"{original}_copy"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {original}".encode())
    yield database_url(postgres_server, name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


def _launch_once(url: str) -> None:
    loop = asyncio.new_event_loop()
    durable = Durable(url, "nobody", {}, loop)
    durable.launch()
    durable.stop(0)
    loop.close()
