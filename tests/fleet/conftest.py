"""What fleets share, for each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Valkey, new_database, postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server for all of these tests."""
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'headrace.db'}"
    else:
        with new_database(request.getfixturevalue("postgres_url")) as url:
            yield url


@pytest.fixture
def store() -> Iterator[Valkey]:
    """A Valkey of the test's own, which it may stop."""
    with Valkey() as own:
        yield own
