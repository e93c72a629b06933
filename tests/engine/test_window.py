"""At most so many in any sliding stretch of time, and never fewer than allowed."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from headrace.engine.window import Window

# Whole numbers, so that the check's own arithmetic is exact.
gaps = st.lists(st.integers(0, 12), max_size=60)
sizes = st.integers(1, 6)
spans = st.integers(1, 10)


def times(gaps: list[int]) -> list[int]:
    total, found = 0, []
    for gap in gaps:
        total += gap
        found.append(total)
    return found


@given(gaps, sizes, spans)
def test_no_sliding_stretch_holds_more_than_allowed_and_none_is_refused_without_need(
    gaps: list[int], calls: int, seconds: int
) -> None:
    window = Window(calls, seconds)
    admitted: list[int] = []
    for now in times(gaps):
        recent = [at for at in admitted if at > now - seconds]
        wait = window.admit(now)
        assert (wait == 0) == (len(recent) < calls)
        if wait == 0:
            admitted.append(now)
    for start in admitted:
        assert sum(start <= at < start + seconds for at in admitted) <= calls


@given(gaps, sizes, spans)
def test_the_wait_that_is_told_is_exactly_long_enough(gaps: list[int], calls: int, seconds: int) -> None:
    window = Window(calls, seconds)
    for now in times(gaps):
        wait = window.admit(now)
        if wait:
            assert 0 < wait <= seconds
            assert window.admit(now + wait - 0.5) > 0
            assert window.admit(now + wait) == 0
            return


@given(gaps, sizes, spans)
def test_what_remains_is_what_would_be_admitted(gaps: list[int], calls: int, seconds: int) -> None:
    window = Window(calls, seconds)
    now = 0
    for now in times(gaps):
        window.admit(now)
    remaining = window.remaining(now)
    assert 0 <= remaining <= calls
    assert [window.admit(now) == 0 for _ in range(calls + 1)].count(True) == remaining


def test_a_burst_at_the_border_of_two_seconds_is_one_burst() -> None:
    window = Window(50, 1.0)
    assert [window.admit(0.999) for _ in range(50)] == [0.0] * 50
    assert window.admit(1.001) > 0
    assert window.admit(1.998) > 0
    assert window.admit(1.999) == 0


def test_a_window_is_empty_again_after_its_last_call_has_left() -> None:
    window = Window(2, 10.0)
    assert window.reset_after(0) == 0
    window.admit(0)
    window.admit(4)
    assert window.reset_after(5) == 9
    assert window.remaining(11) == 1
    assert window.reset_after(20) == 0
    assert window.remaining(20) == 2


@pytest.mark.parametrize("refused", [1, 10, 1000])
def test_those_that_are_refused_use_nothing_up(refused: int) -> None:
    window = Window(1, 10.0)
    window.admit(0)
    for _ in range(refused):
        assert window.admit(5) == 5
    assert window.admit(10) == 0
