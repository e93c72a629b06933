"""When a vendor is left alone, for how long, and how it comes back."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headrace.domain.failures import Failure, consequence
from headrace.engine.breaker import (
    LONGEST_PAUSE,
    LONGEST_RETRY_AFTER,
    PAUSE,
    RATE_LIMIT_PAUSE,
    THRESHOLD,
    Breaker,
)

COUNTING = [Failure.SERVER_ERROR, Failure.TIMEOUT, Failure.CONNECT_FAILED, Failure.MALFORMED_RESPONSE]
SILENT = [Failure.REQUEST_REFUSED, Failure.MALFORMED_VALUE, Failure.DEADLINE]
AT_ONCE = [Failure.BAD_KEY, Failure.OUT_OF_CREDITS, Failure.ACCOUNT_RESTRICTED]


def opened(failure: Failure = Failure.SERVER_ERROR, now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(THRESHOLD):
        breaker.failed(now, failure)
    return breaker


def test_five_failures_in_a_row_open_it_and_the_fifth_says_so() -> None:
    breaker = Breaker()
    told = [breaker.failed(0.0, Failure.SERVER_ERROR) for _ in range(THRESHOLD)]
    assert told == [False, False, False, False, True]
    assert breaker.reason is Failure.SERVER_ERROR
    assert not breaker.admits(PAUSE - 0.01)


def test_a_success_between_failures_begins_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(20):
        for _ in range(THRESHOLD - 1):
            assert not breaker.failed(0.0, Failure.TIMEOUT)
        breaker.succeeded()
    assert breaker.admits(0.0)


@pytest.mark.parametrize("failure", SILENT)
def test_what_says_nothing_about_the_vendor_does_not_count(failure: Failure) -> None:
    breaker = Breaker()
    for _ in range(100):
        assert not breaker.failed(0.0, failure)
    assert breaker.admits(0.0)


@pytest.mark.parametrize("failure", SILENT)
def test_what_says_nothing_does_not_break_a_run_either(failure: Failure) -> None:
    breaker = Breaker()
    for _ in range(THRESHOLD - 1):
        breaker.failed(0.0, Failure.TIMEOUT)
        breaker.failed(0.0, failure)
    assert breaker.failed(0.0, Failure.TIMEOUT)


@pytest.mark.parametrize("failure", AT_ONCE)
def test_a_refused_key_or_an_empty_balance_opens_it_at_once(failure: Failure) -> None:
    breaker = Breaker()
    assert breaker.failed(0.0, failure)
    assert breaker.reason is failure
    assert not breaker.admits(1.0)


def test_after_the_pause_one_probe_goes_and_only_one() -> None:
    breaker = opened()
    assert [breaker.admits(PAUSE) for _ in range(5)] == [True, False, False, False, False]


def test_a_probe_that_succeeds_closes_it() -> None:
    breaker = opened()
    assert breaker.admits(PAUSE)
    breaker.succeeded()
    assert breaker.reason is None
    assert [breaker.admits(PAUSE) for _ in range(3)] == [True] * 3
    assert [breaker.failed(PAUSE, Failure.TIMEOUT) for _ in range(THRESHOLD)][-1]
    assert not breaker.admits(PAUSE + PAUSE - 0.01)
    assert breaker.admits(PAUSE + PAUSE)


def test_each_probe_that_fails_doubles_the_pause_up_to_a_limit() -> None:
    breaker, now, pauses = opened(), 0.0, [PAUSE]
    for _ in range(8):
        now += pauses[-1]
        assert not breaker.admits(now - 0.01)
        assert breaker.admits(now)
        assert not breaker.failed(now, Failure.SERVER_ERROR)
        pauses.append(min(pauses[-1] * 2, LONGEST_PAUSE))
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600, 600]


def test_a_probe_that_was_given_up_leaves_room_for_another() -> None:
    breaker = opened()
    assert breaker.admits(PAUSE)
    breaker.gave_up()
    assert breaker.admits(PAUSE)


@pytest.mark.parametrize(
    ("told", "pause"),
    [(None, RATE_LIMIT_PAUSE), (0.0, RATE_LIMIT_PAUSE), (1.0, 1.0), (7.5, 7.5), (60.0, 60.0), (3600.0, 60.0)],
)
def test_a_vendor_that_says_too_many_is_left_alone_for_as_long_as_it_says_up_to_a_minute(
    told: float | None, pause: float
) -> None:
    breaker = Breaker()
    assert breaker.failed(100.0, Failure.RATE_LIMITED, told)
    assert pause <= LONGEST_RETRY_AFTER
    assert not breaker.admits(100.0 + pause - 0.01)
    assert breaker.admits(100.0 + pause)


def test_an_answer_to_an_older_call_does_not_end_the_pause() -> None:
    """Ten calls are out; one is told "too many, wait", and then another comes back well."""
    breaker = Breaker()
    breaker.failed(0.0, Failure.RATE_LIMITED, 10.0)
    breaker.succeeded()
    assert not breaker.admits(9.99)
    assert breaker.admits(10.0)


class BreakerLife(RuleBasedStateMachine):
    """Calls begin and end in any order while time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now = 0.0
        self.calls: list[bool] = []  # calls that are out; true for a probe
        self.run = 0
        self.pause = PAUSE
        self.open_until = 0.0

    @rule(seconds=st.sampled_from([0.5, 5.0, 29.0, 31.0, 61.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def call(self) -> None:
        probe = self.breaker.reason is not None
        if self.breaker.admits(self.now):
            assert not probe or self.now >= self.open_until
            self.calls.append(probe)
        else:
            assert probe
            assert self.now < self.open_until or any(self.calls)

    @precondition(lambda self: self.calls)
    @rule()
    def succeed(self) -> None:
        probe = self._end()
        was_open = self.breaker.reason is not None
        self.breaker.succeeded()
        assert (self.breaker.reason is None) == (probe or not was_open)
        if self.breaker.reason is None:
            self.run, self.pause = 0, PAUSE

    @precondition(lambda self: self.calls)
    @rule(failure=st.sampled_from(COUNTING + SILENT + AT_ONCE))
    def fail(self, failure: Failure) -> None:
        probe, was_open = self._end(), self.breaker.reason is not None
        newly = self.breaker.failed(self.now, failure)
        effect = consequence(failure)
        self.run += effect.counts
        opens = effect.counts and (probe or effect.opens_at_once or self.run >= THRESHOLD)
        assert newly == (opens and not was_open)
        assert (self.breaker.reason is not None) == (opens or was_open)
        if opens:
            assert self.breaker.reason is failure
            self.pause = min(self.pause * 2, LONGEST_PAUSE) if probe else self.pause
            self.open_until = self.now + self.pause

    @precondition(lambda self: self.calls)
    @rule()
    def give_up(self) -> None:
        self._end()
        self.breaker.gave_up()

    def _end(self) -> bool:
        """The probe if one is out, else any call: what an older one says while a probe is out is taken for
        the probe's word."""
        probe = any(self.calls)
        self.calls.remove(probe)
        return probe

    @invariant()
    def at_most_one_probe_is_out(self) -> None:
        assert sum(self.calls) <= 1

    @invariant()
    def an_open_breaker_has_a_reason_that_opens(self) -> None:
        assert self.breaker.reason is None or consequence(self.breaker.reason).counts


BreakerLife.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestBreakerLife = BreakerLife.TestCase
