"""The measurement of truth runs, and its tables say what they say."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.truth_score import of_votes
from bench.truth_world import Case
from headrace.domain.model import Grade, Verdict

PLACE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What is printed for a small part of the world, and the plot."""
    plot = tmp_path_factory.mktemp("truth") / "plot.svg"
    command = [sys.executable, "-m", "bench.truth", "--people", "60", "--plot", str(plot)]
    done = subprocess.run(command, cwd=PLACE, capture_output=True, text=True, check=True, timeout=240)
    return done.stdout, plot.read_text()


def rows(text: str, first: str) -> list[list[str]]:
    """The lines of the tables that begin with this cell, as cells."""
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines()]
    return [line for line in cells if line[0] == first]


def test_each_combination_is_held_to_each_aim(printed: tuple[str, str]) -> None:
    best = rows(printed[0], "all evidence, learned rates, calibrated")
    assert [line[1].split(" ")[0] for line in best[1:]] == ["calibration", "Brier", ">=", ">="]
    for line in best[1:]:
        assert line[-1] in ("reached", "missed")
        halves, together = [float(cell) for cell in line[2:4]], float(line[4])
        if line[1].startswith("Brier"):  # a mean over both halves lies between them
            assert min(halves) <= together <= max(halves)


def test_a_probe_that_asks_true_hosts_is_never_wrong_about_a_mailbox(printed: tuple[str, str]) -> None:
    assert rows(printed[0], "headrace_probe")[0][2] == "100.0 %"


def test_knowing_colleagues_helps(printed: tuple[str, str]) -> None:
    first = [float(rows(printed[0], str(known))[0][1].split()[0]) for known in range(4)]
    assert first == sorted(first)


def test_the_plot_is_one(printed: tuple[str, str]) -> None:
    assert printed[1].startswith("<svg ")
    assert printed[1].count("<circle") > 4


def test_an_even_vote_goes_to_what_is_commoner() -> None:
    told = {Grade.DELIVERABLE: Verdict(Grade.DELIVERABLE, "ok"), Grade.INVALID: Verdict(Grade.INVALID, "no")}
    votes = {
        "one": {"a@a.example": told[Grade.DELIVERABLE]},
        "two": {"a@a.example": told[Grade.INVALID]},
    }
    case = Case("a@a.example", exists=True, finders=(), guessed=0.5, policy="normal")
    assert of_votes("even", votes, [(True, [case])]).accuracy == 1.0
    assert of_votes("even", votes, [(False, [case])]).accuracy == 0.0
    assert of_votes("even", votes, [(True, [case]), (False, [case])]).accuracy == 0.5
