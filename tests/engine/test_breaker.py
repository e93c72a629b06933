"""When a vendor is left alone, for how long, and how it comes back."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headrace.domain.failures import Failure, consequence
from headrace.engine.breaker import (
    CALM,
    LONGEST_PAUSE,
    LONGEST_RETRY_AFTER,
    PAUSE,
    RATE_LIMIT_PAUSE,
    THRESHOLD,
    Breaker,
)
from headrace.ports import Pause

COUNTING = [Failure.SERVER_ERROR, Failure.TIMEOUT, Failure.CONNECT_FAILED, Failure.MALFORMED_RESPONSE]
SILENT = [Failure.REQUEST_REFUSED, Failure.MALFORMED_VALUE, Failure.DEADLINE]
AT_ONCE = [Failure.BAD_KEY, Failure.OUT_OF_CREDITS, Failure.ACCOUNT_RESTRICTED]

moments = st.integers(0, 200).map(lambda halves: halves / 2)
"""Seconds that add up without rounding."""


def opened(failure: Failure = Failure.SERVER_ERROR, now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(THRESHOLD):
        breaker.failed(CALM, now, failure)
    return breaker


def test_five_failures_in_a_row_open_it_and_the_fifth_says_so() -> None:
    breaker = Breaker()
    told = [breaker.failed(CALM, 0.0, Failure.SERVER_ERROR) for _ in range(THRESHOLD)]
    assert told == [None, None, None, None, Pause(Failure.SERVER_ERROR, PAUSE, PAUSE)]
    assert breaker.reason is Failure.SERVER_ERROR
    assert breaker.enter(PAUSE - 0.01) is None


def test_a_success_between_failures_begins_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(20):
        for _ in range(THRESHOLD - 1):
            assert not breaker.failed(CALM, 0.0, Failure.TIMEOUT)
        breaker.succeeded(CALM)
    assert breaker.enter(0.0) == CALM


@pytest.mark.parametrize("failure", SILENT)
def test_what_says_nothing_about_the_vendor_does_not_count(failure: Failure) -> None:
    breaker = Breaker()
    for _ in range(100):
        assert not breaker.failed(CALM, 0.0, failure)
    assert breaker.enter(0.0) == CALM


@pytest.mark.parametrize("failure", SILENT)
def test_what_says_nothing_does_not_break_a_run_either(failure: Failure) -> None:
    breaker = Breaker()
    for _ in range(THRESHOLD - 1):
        breaker.failed(CALM, 0.0, Failure.TIMEOUT)
        breaker.failed(CALM, 0.0, failure)
    assert breaker.failed(CALM, 0.0, Failure.TIMEOUT)


@pytest.mark.parametrize("failure", AT_ONCE)
def test_a_refused_key_or_an_empty_balance_opens_it_at_once(failure: Failure) -> None:
    breaker = Breaker()
    assert breaker.failed(CALM, 0.0, failure)
    assert breaker.reason is failure
    assert breaker.enter(1.0) is None


def test_after_the_pause_one_probe_goes_and_only_one() -> None:
    breaker = opened()
    probe, *others = [breaker.enter(PAUSE) for _ in range(5)]
    assert probe
    assert others == [None] * 4


def test_a_probe_that_succeeds_closes_it() -> None:
    breaker = opened()
    assert breaker.succeeded(breaker.enter(PAUSE) or CALM)
    assert breaker.reason is None
    assert [breaker.enter(PAUSE) for _ in range(3)] == [CALM] * 3
    assert [breaker.failed(CALM, PAUSE, Failure.TIMEOUT) for _ in range(THRESHOLD)][-1]
    assert breaker.enter(PAUSE + PAUSE - 0.01) is None
    assert breaker.enter(PAUSE + PAUSE)


def test_each_probe_that_fails_doubles_the_pause_up_to_a_limit() -> None:
    breaker, now, pauses = opened(), 0.0, [PAUSE]
    for _ in range(8):
        now += pauses[-1]
        assert breaker.enter(now - 0.01) is None
        pause = breaker.failed(breaker.enter(now) or CALM, now, Failure.SERVER_ERROR)
        pauses.append(min(pauses[-1] * 2, LONGEST_PAUSE))
        assert pause == Pause(Failure.SERVER_ERROR, pauses[-1], pauses[-1], probed=True)
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600, 600]


def test_a_probe_that_was_given_up_leaves_room_for_another() -> None:
    breaker = opened()
    breaker.gave_up(breaker.enter(PAUSE) or CALM)
    assert breaker.enter(PAUSE)


@pytest.mark.parametrize("older", [CALM, 1])
def test_the_end_of_an_older_call_is_not_taken_for_the_probes(older: int) -> None:
    """Ticket 1 is of a first probe, which was given up before it ended."""
    breaker = opened()
    first = breaker.enter(PAUSE)
    assert first == 1
    breaker.gave_up(first)
    probe = breaker.enter(PAUSE)
    assert probe
    assert not breaker.succeeded(older)
    breaker.gave_up(older)
    assert breaker.reason is Failure.SERVER_ERROR
    assert breaker.enter(PAUSE) is None, "the probe is still out"
    assert breaker.succeeded(probe)


def test_an_older_call_that_fails_while_the_probe_is_out_makes_the_pause_longer_but_not_twice_as_long() -> (
    None
):
    breaker = opened()
    probe = breaker.enter(PAUSE)
    assert breaker.failed(CALM, PAUSE, Failure.TIMEOUT) == Pause(Failure.TIMEOUT, PAUSE, PAUSE)
    assert breaker.enter(3 * PAUSE) is None, "the probe is still out"
    assert breaker.succeeded(probe or CALM)


def test_what_another_process_learnt_is_adopted_with_what_is_left_of_its_pause() -> None:
    breaker = Breaker()
    breaker.adopt(100.0, Pause(Failure.TIMEOUT, 7.0, 120.0))
    assert breaker.pause(103.0) == Pause(Failure.TIMEOUT, 4.0, 120.0)
    assert breaker.enter(106.99) is None
    probe = breaker.enter(107.0)
    pause = breaker.failed(probe or CALM, 107.0, Failure.TIMEOUT)
    assert pause == Pause(Failure.TIMEOUT, 240.0, 240.0, probed=True)


def test_what_anothers_probe_found_takes_the_place_of_what_was_known() -> None:
    breaker = opened(Failure.BAD_KEY)
    breaker.adopt(1.0, Pause(Failure.RATE_LIMITED, 2.0, PAUSE, probed=True))
    assert breaker.reason is Failure.RATE_LIMITED
    assert breaker.enter(2.99) is None
    assert breaker.enter(3.0)


def test_what_no_probe_found_elsewhere_does_not_take_back_a_longer_back_off() -> None:
    breaker = Breaker()
    breaker.adopt(0.0, Pause(Failure.TIMEOUT, 240.0, 240.0, probed=True))
    assert not breaker.adopt(1.0, Pause(Failure.TIMEOUT, PAUSE, PAUSE))
    assert breaker.pause(1.0) == Pause(Failure.TIMEOUT, 239.0, 240.0)


def test_a_probe_that_was_overtaken_by_anothers_success_says_nothing_more() -> None:
    breaker = opened()
    overtaken = breaker.enter(PAUSE) or CALM
    breaker.close()
    breaker.adopt(PAUSE, Pause(Failure.TIMEOUT, 5.0, PAUSE))
    assert not breaker.succeeded(overtaken)
    assert breaker.reason is Failure.TIMEOUT


@pytest.mark.parametrize(
    ("told", "pause"),
    [(None, RATE_LIMIT_PAUSE), (0.0, 0.0), (1.0, 1.0), (7.5, 7.5), (60.0, 60.0), (3600.0, 60.0), (inf, 60.0)],
)
def test_a_vendor_that_says_too_many_is_left_alone_for_as_long_as_it_says_up_to_a_minute(
    told: float | None, pause: float
) -> None:
    breaker = Breaker()
    assert breaker.failed(CALM, 100.0, Failure.RATE_LIMITED, told)
    assert pause <= LONGEST_RETRY_AFTER
    assert not pause or breaker.enter(100.0 + pause - 0.01) is None
    assert breaker.enter(100.0 + pause)
    assert breaker.enter(100.0 + pause) is None, "even one that says 'now' is asked by one call at a time"


def test_an_answer_to_an_older_call_does_not_end_the_pause() -> None:
    """Ten calls are out; one is told "too many, wait", and then another comes back well."""
    breaker = Breaker()
    breaker.failed(CALM, 0.0, Failure.RATE_LIMITED, 10.0)
    breaker.succeeded(CALM)
    assert breaker.enter(9.99) is None
    assert breaker.enter(10.0)


# Calls that went out before the pause began


def test_a_second_too_many_without_a_time_does_not_shorten_the_first_ones() -> None:
    breaker = Breaker()
    breaker.failed(CALM, 0.0, Failure.RATE_LIMITED, 40.0)
    assert breaker.failed(CALM, 0.0, Failure.RATE_LIMITED) is None
    assert breaker.enter(39.99) is None
    assert breaker.enter(40.0)


@pytest.mark.parametrize("loud", AT_ONCE)
@pytest.mark.parametrize("quiet", [Failure.RATE_LIMITED, *COUNTING])
def test_a_quiet_reason_does_not_hide_one_that_an_operator_must_hear_of(
    loud: Failure, quiet: Failure
) -> None:
    breaker = Breaker()
    breaker.failed(CALM, 0.0, loud)
    for _ in range(THRESHOLD):
        breaker.failed(CALM, 10.0, quiet, 2.0)
    assert breaker.reason is loud
    assert breaker.enter(PAUSE - 0.01) is None


@pytest.mark.parametrize("loud", AT_ONCE)
def test_a_loud_reason_takes_the_place_of_a_quiet_one_within_its_longer_pause(loud: Failure) -> None:
    breaker = Breaker()
    breaker.failed(CALM, 0.0, Failure.RATE_LIMITED, 60.0)
    assert breaker.failed(CALM, 1.0, loud) == Pause(loud, PAUSE, PAUSE)
    assert breaker.pause(1.0) == Pause(loud, 59.0, PAUSE)


def test_the_reason_is_that_of_the_call_for_the_longest_pause() -> None:
    breaker = Breaker()
    breaker.failed(CALM, 0.0, Failure.RATE_LIMITED, 40.0)
    for now, reason in ((0.0, Failure.RATE_LIMITED), (20.0, Failure.TIMEOUT)):
        for _ in range(THRESHOLD):
            breaker.failed(CALM, now, Failure.TIMEOUT)
        assert breaker.reason is reason


def test_the_probe_decides_anew_for_shorter_and_quieter_as_well() -> None:
    breaker = opened(Failure.OUT_OF_CREDITS)
    probe = breaker.enter(PAUSE)
    breaker.failed(CALM, PAUSE, Failure.BAD_KEY)
    pause = breaker.failed(probe or CALM, PAUSE, Failure.RATE_LIMITED, 2.0)
    assert pause == Pause(Failure.RATE_LIMITED, 2.0, PAUSE, probed=True)
    assert breaker.enter(PAUSE + 1.99) is None
    assert breaker.enter(PAUSE + 2.0)


@given(st.lists(st.tuples(moments, st.sampled_from(Failure), st.none() | moments, st.booleans())))
def test_without_a_probe_no_pause_ever_ends_earlier_and_no_reason_gets_quieter(
    ends: list[tuple[float, Failure, float | None, bool]],
) -> None:
    """However calls end, of this process and of others."""
    breaker, now, over, loud = Breaker(), 0.0, 0.0, False
    for passed, failure, retry_after, elsewhere in ends:
        now += passed
        if elsewhere:
            breaker.adopt(now, Pause(failure, retry_after or PAUSE, PAUSE))
        else:
            breaker.failed(CALM, now, failure, retry_after)
        pause = breaker.pause(now)
        assert pause or not over
        if pause:
            assert now + pause.seconds >= over
            assert consequence(pause.reason).loud >= loud
            over, loud = now + pause.seconds, consequence(pause.reason).loud


found = st.builds(Pause, st.sampled_from(Failure), moments, moments)


@given(st.lists(found, min_size=1).flatmap(lambda all_: st.tuples(st.just(all_), st.permutations(all_))))
def test_processes_that_hear_the_same_in_another_order_agree(
    heard: tuple[list[Pause], list[Pause]],
) -> None:
    def after(pauses: list[Pause]) -> tuple[float, bool]:
        breaker = Breaker()
        for each in pauses:
            breaker.adopt(0.0, each)
        pause = breaker.pause(0.0)
        assert pause
        return pause.seconds, consequence(pause.reason).loud

    assert after(heard[0]) == after(heard[1])


class BreakerLife(RuleBasedStateMachine):
    """Calls begin and end in any order while time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker()
        self.now = 0.0
        self.calls: list[int] = []  # the tickets of calls that are out
        self.run = 0
        self.pause = PAUSE
        self.open_until = 0.0

    @rule(seconds=st.sampled_from([0.5, 5.0, 29.0, 31.0, 61.0, 700.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def call(self) -> None:
        is_open = self.breaker.reason is not None
        ticket = self.breaker.enter(self.now)
        if ticket is None:
            assert is_open
            assert self.now < self.open_until or any(self.calls)
        else:
            assert (ticket != CALM) == is_open
            assert not is_open or self.now >= self.open_until
            self.calls.append(ticket)

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1000))
    def succeed(self, which: int) -> None:
        ticket, was_open = self._end(which), self.breaker.reason is not None
        assert self.breaker.succeeded(ticket) == (ticket != CALM)
        assert (self.breaker.reason is None) == (ticket != CALM or not was_open)
        if self.breaker.reason is None:
            self.run, self.pause = 0, PAUSE

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1000), failure=st.sampled_from(COUNTING + SILENT + AT_ONCE))
    def fail(self, which: int, failure: Failure) -> None:
        ticket, before = self._end(which), self.breaker.reason
        pause = self.breaker.failed(ticket, self.now, failure)
        effect = consequence(failure)
        self.run += effect.counts
        opens = effect.counts and (ticket != CALM or effect.opens_at_once or self.run >= THRESHOLD)
        assert (self.breaker.reason is not None) == (opens or before is not None)
        if not opens:
            assert pause is None
            return
        probed = ticket != CALM
        self.pause = min(self.pause * 2, LONGEST_PAUSE) if probed else self.pause
        anew, until = probed or before is None, self.now + self.pause
        assert (pause is None) <= (not anew)
        assert pause in (None, Pause(failure, self.pause, self.pause, probed))
        assert self.breaker.reason is failure or not anew
        self.open_until = until if anew else max(self.open_until, until)

    @precondition(lambda self: self.calls)
    @rule(which=st.integers(0, 1000))
    def give_up(self, which: int) -> None:
        self.breaker.gave_up(self._end(which))

    def _end(self, which: int) -> int:
        """Any call; the probe or an older one."""
        return self.calls.pop(which % len(self.calls))

    @invariant()
    def at_most_one_probe_is_out(self) -> None:
        assert sum(ticket != CALM for ticket in self.calls) <= 1

    @invariant()
    def an_open_breaker_has_a_reason_that_opens(self) -> None:
        assert self.breaker.reason is None or consequence(self.breaker.reason).counts


BreakerLife.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestBreakerLife = BreakerLife.TestCase
