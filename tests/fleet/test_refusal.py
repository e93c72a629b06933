"""More than one process without a shared store is refused at the start, in words that say what to set."""

import subprocess
from pathlib import Path

from tests.fleet.process import Process, command
from tests.servers import Valkey

SERVE = ("serve", "--port", "0")


def check(refused: "subprocess.CompletedProcess[str]") -> None:
    """It ended by itself, and says what to set."""
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[-1].startswith("headrace: shared.url: ")
    assert "[shared]" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_second_process_is_refused_without_a_shared_store(database: str, tmp_path: Path) -> None:
    settings = {"DATABASE__URL": database}
    with Process(tmp_path, *SERVE, settings=settings):
        check(command(tmp_path, settings, *SERVE))
        check(command(tmp_path, settings, *SERVE, "--no-worker"))
        check(command(tmp_path, settings, "worker"))


def test_one_without_a_shared_store_is_refused_beside_a_fleet(
    database: str, store: Valkey, tmp_path: Path
) -> None:
    settings = {"DATABASE__URL": database}
    members = {**settings, "SHARED__URL": store.url}
    with (
        Process(tmp_path, *SERVE, settings=members),
        Process(tmp_path, "worker", settings=members, name="worker") as second,
    ):
        assert second.said == {"working": True}
        check(command(tmp_path, settings, *SERVE))
        check(command(tmp_path, settings, "worker"))


def test_a_process_may_start_as_soon_as_the_one_before_was_killed(database: str, tmp_path: Path) -> None:
    settings = {"DATABASE__URL": database}
    for _ in range(3):
        with Process(tmp_path, *SERVE, settings=settings) as server:
            assert server.running
