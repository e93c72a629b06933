"""The whole compat suite against a fleet that loses an API process and a worker on the way."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.alone

LONGEST = 840
"""Seconds; on two quiet cores it takes about one minute."""

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(LONGEST + 30)
def test_the_compat_suite_passes_over_a_fleet_of_which_two_processes_are_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.fleet.everywhere", "tests/compat"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "killed: api-0, worker-0" in done.stdout
