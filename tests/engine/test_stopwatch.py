"""How long at least one vendor was being waited for."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from headrace.engine.stopwatch import Stopwatch
from tests.engine.clocks import HandClock


def test_time_counts_only_while_somebody_waits() -> None:
    clock = HandClock()
    stopwatch = Stopwatch(clock)
    clock.move(5)
    with stopwatch:
        clock.move(2)
    clock.move(5)
    with stopwatch:
        clock.move(1)
    assert stopwatch.seconds == 3


def test_stretches_that_overlap_count_once() -> None:
    clock = HandClock()
    stopwatch = Stopwatch(clock)
    stopwatch.__enter__()
    clock.move(1)
    stopwatch.__enter__()
    clock.move(1)
    stopwatch.__exit__()
    clock.move(1)
    stopwatch.__exit__()
    clock.move(10)
    assert stopwatch.seconds == 3


def test_the_total_so_far_can_be_read_while_it_runs() -> None:
    clock = HandClock()
    stopwatch = Stopwatch(clock)
    with stopwatch:
        clock.move(2)
        assert stopwatch.seconds == 2
        clock.move(1)
        assert stopwatch.seconds == 3


def test_a_stretch_that_ends_with_an_error_counts() -> None:
    clock = HandClock()
    stopwatch = Stopwatch(clock)

    def wait() -> None:
        with stopwatch:
            clock.move(2)
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        wait()
    clock.move(5)
    assert stopwatch.seconds == 2


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12))
def test_the_total_is_the_length_of_all_stretches_laid_over_each_other(
    stretches: list[tuple[int, int]],
) -> None:
    clock = HandClock()
    stopwatch = Stopwatch(clock)
    covered = 0
    for second in range(80):
        for start, length in stretches:
            if start == second:
                stopwatch.__enter__()
            if start + length == second:
                stopwatch.__exit__()
        covered += any(start <= second < start + length for start, length in stretches)
        clock.move(1)
    assert stopwatch.seconds == covered
