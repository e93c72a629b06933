"""More than one process without a shared store is refused at the start, in words that say what to set."""

import subprocess
from pathlib import Path

from tests.fleet.process import Process, command
from tests.servers import Valkey

SERVE = ("serve", "--port", "0")
VENDOR = {"PROVIDERS__HUNTER__API_KEY": "not asked"}


def check(refused: "subprocess.CompletedProcess[str]") -> None:
    """It ended by itself, and says what to set."""
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[-1].startswith("headrace: shared.url: ")
    assert "[shared]" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_process_is_refused_without_a_shared_store(database: str, tmp_path: Path) -> None:
    settings = {"DATABASE__URL": database, **VENDOR}
    with Process(tmp_path, *SERVE, settings=settings):
        check(command(tmp_path, settings, *SERVE))
        check(command(tmp_path, settings, *SERVE, "--no-worker"))
        check(command(tmp_path, settings, "worker"))


def test_one_without_a_shared_store_is_refused_beside_a_fleet(
    database: str, store: Valkey, tmp_path: Path
) -> None:
    settings = {"DATABASE__URL": database, **VENDOR}
    members = {**settings, "SHARED__URL": store.url}
    with (
        Process(tmp_path, *SERVE, settings=members),
        Process(tmp_path, "worker", settings=members, name="worker") as second,
    ):
        assert second.said == {"working": True}
        check(command(tmp_path, settings, *SERVE))
        check(command(tmp_path, settings, "worker"))


def test_a_process_may_start_as_soon_as_the_one_before_was_killed(database: str, tmp_path: Path) -> None:
    settings = {"DATABASE__URL": database, **VENDOR}
    for _ in range(3):
        with Process(tmp_path, *SERVE, settings=settings) as server:
            assert server.running


def test_a_worker_that_has_nobody_to_ask_is_refused(database: str, tmp_path: Path) -> None:
    refused = command(tmp_path, {"DATABASE__URL": database}, "worker")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[-1].startswith("headrace: no provider is configured")


def test_its_own_finder_is_somebody_to_ask(database: str, tmp_path: Path) -> None:
    finder = {"FINDER__ENABLED": "true", "WATERFALL__ORDER__EMAIL": "headrace_finder"}
    settings = {"DATABASE__URL": database, **finder}
    with Process(tmp_path, "worker", settings=settings) as worker:
        assert worker.said == {"working": True}
