"""When a queued contact that nobody could answer for is tried again."""

import pytest

from headrace.domain.failures import Failure
from headrace.domain.model import Attempt, AttemptKind, AttemptOutcome, Field, Timing
from headrace.engine.put_off import FIRST, LONGEST, SOON, pause
from headrace.ports import Pause


def line(outcome: AttemptOutcome, reason: str, provider: str = "one", kind: AttemptKind = "find") -> Attempt:
    return Attempt(Field.EMAIL, provider, kind, outcome, reason, None, Timing(0.0))


def paused(**seconds: float) -> dict[str, Pause]:
    """`one_email=30`: the breaker of its capability; `one`: that of the whole vendor."""
    names = {name: f"{name.partition('_')[0]}:{name.partition('_')[2] or '*'}" for name in seconds}
    return {names[name]: Pause(Failure.TIMEOUT, left, 30.0) for name, left in seconds.items()}


LACKING = line("skipped", "missing_input: linkedin_url")
FAILED = line("failed", "timeout")
OPEN = line("skipped", "breaker_open: timeout")
OTHER = line("skipped", "breaker_open: timeout", "two")
LIMITED = line("skipped", "rate_limited_here", "three")


@pytest.mark.parametrize(("waited", "seconds"), [(0, FIRST), (7, 7), (100, 100), (1e6, LONGEST)])
def test_while_vendors_that_are_asked_fail_the_pause_grows(waited: float, seconds: float) -> None:
    assert pause([LACKING, FAILED, OPEN, LIMITED], paused(one=1.0), waited) == seconds


@pytest.mark.parametrize("waited", [0.0, 40_000.0])
def test_it_is_tried_again_when_the_first_pause_ends(waited: float) -> None:
    assert pause([OPEN], paused(one_email=42.0), waited) == 42
    assert pause([OPEN], paused(one_email=42.0, one=50.0), waited) == 50
    assert pause([OPEN, OTHER, LACKING], paused(one_email=42.0, two=31.0, three=7.0), waited) == 31
    assert pause([OPEN], paused(one_email=0.5), waited) == FIRST


@pytest.mark.parametrize("line", [OPEN, LIMITED, line("skipped", "busy")])
@pytest.mark.parametrize(("waited", "seconds"), [(0, FIRST), (20, 20), (1e6, SOON)])
def test_soon_while_there_is_no_room_or_a_probe_is_out(line: Attempt, waited: float, seconds: float) -> None:
    assert pause([line], {}, waited) == seconds


def test_the_verifier_of_a_guess_has_a_breaker_of_its_own() -> None:
    verifier = line("skipped", "breaker_open: timeout", kind="verify")
    assert pause([verifier], paused(one_verify=40.0, one_email=90.0), 0) == 40


def test_nobody_to_be_asked_is_no_reason_to_hurry() -> None:
    assert pause([LACKING], {}, 600) == 600
