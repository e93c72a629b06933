"""More than one process without a shared store is refused at the start, in words that say what to set."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.process import Process, command
from tests.servers import new_database, postgres, valkey


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'headrace.db'}"
    else:
        with postgres() as server, new_database(server) as url:
            yield url


def check(refused: "subprocess.CompletedProcess[str]") -> None:
    """It ended by itself, and says what to set."""
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[-1].startswith("headrace: shared.url: ")
    assert "[shared]" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_process_is_refused_without_a_shared_store_and_welcome_with_one(
    database: str, tmp_path: Path
) -> None:
    settings = {"DATABASE__URL": database}
    serve = ("serve", "--port", "0")
    with Process(tmp_path, *serve, settings=settings):
        check(command(tmp_path, settings, *serve))
        check(command(tmp_path, settings, *serve, "--no-worker"))
        check(command(tmp_path, settings, "worker"))
        with valkey() as shared:
            fleet = {**settings, "SHARED__URL": shared}
            with Process(tmp_path, "worker", settings=fleet, name="worker") as second:
                assert second.said == {"working": True}


def test_a_process_may_start_as_soon_as_the_one_before_was_killed(database: str, tmp_path: Path) -> None:
    settings = {"DATABASE__URL": database}
    for _ in range(3):
        with Process(tmp_path, "serve", "--port", "0", settings=settings) as server:
            assert server.running
