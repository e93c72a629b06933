"""The rules of delivery, on a clock of their own."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from headrace.domain.webhooks import (
    DEFAULT_SCHEDULE,
    FAILING_FOR,
    JITTER,
    LONGEST_RETRY_AFTER,
    QUIET_FOR,
    Effect,
    classify,
    next_attempt,
    retry_after_seconds,
    should_disable,
)

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOW = NOON.timestamp()
DAY = 86400.0
TOTAL = timedelta(hours=75, minutes=35, seconds=5).total_seconds()

chances = st.floats(0, 1)


def attempts(jitters: list[float], retry_after: float | None = None) -> list[float]:
    """When an endpoint that never answers well is tried, in seconds since the event."""
    made: list[float] = []
    now = NOW
    while (at := next_attempt(DEFAULT_SCHEDULE, len(made), jitters[len(made)], retry_after, now)) is not None:
        made.append(at - NOW)
        now = at
    return made


# The schedule


def test_without_jitter_ten_attempts_take_75_hours_35_minutes_and_5_seconds() -> None:
    made = attempts([0.5] * 11)
    assert len(made) == 10
    assert made[0] == 0
    assert made[-1] == TOTAL
    assert [after - before for before, after in pairwise(made)] == list(DEFAULT_SCHEDULE[1:])


@given(st.lists(chances, min_size=11, max_size=11))
@example([0.0] * 11)
@example([1.0] * 11)
def test_every_gap_is_within_a_tenth_and_the_first_attempt_is_at_once(jitters: list[float]) -> None:
    made = attempts(jitters)
    assert len(made) == 10
    assert made[0] == 0
    for (before, after), gap in zip(pairwise(made), DEFAULT_SCHEDULE[1:], strict=True):
        assert 0.9 * gap - 1e-3 <= after - before <= 1.1 * gap + 1e-3
    assert 0.9 * TOTAL <= made[-1] <= 1.1 * TOTAL


def test_what_failed_together_does_not_return_together() -> None:
    chance = random.Random(5)
    second = [next_attempt(DEFAULT_SCHEDULE, 2, chance.random(), None, NOW) for _ in range(1000)]
    waits = [at - NOW for at in second if at is not None]
    assert len({round(wait) for wait in waits}) > 50
    assert abs(sum(waits) / 1000 - 300) < 3


@pytest.mark.parametrize("made", [10, 11, 1000])
def test_after_the_last_attempt_there_is_none(made: int) -> None:
    assert next_attempt(DEFAULT_SCHEDULE, made, 0.5, 60.0, NOW) is None


def test_a_schedule_of_ones_own_is_kept() -> None:
    assert [next_attempt((0, 7), made, 0.5, None, NOW) for made in range(3)] == [NOW, NOW + 7, None]
    assert next_attempt((), 0, 0.5, None, NOW) is None


# Retry-After


@given(st.integers(0, 9), chances, st.floats(0, 1e9))
def test_retry_after_puts_off_and_never_brings_forward(made: int, jitter: float, asked: float) -> None:
    usual = next_attempt(DEFAULT_SCHEDULE, made, jitter, None, NOW)
    asked_for = next_attempt(DEFAULT_SCHEDULE, made, jitter, asked, NOW)
    assert usual is not None
    assert asked_for == max(usual, NOW + min(asked, DAY))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1,5", None),
        ("1.5.", None),
        ("12 s", None),
        ("²", None),
        ("١٢", None),
        ("2026-11-02T12:00:10Z", None),
        ("Mon, 02 Nov 99999 12:00:10 GMT", None),
        ("Mon, 02 Nov 2026 12:00:10 +99999999999999", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("1.5", 1.5),
        ("315360000", DAY),
        ("9" * 5000, DAY),
        ("Mon, 02 Nov 2026 12:00:10 GMT", 10.0),
        ("Mon, 02 Nov 2026 12:00:10 -0000", 10.0),
        ("Mon, 02 Nov 2026 13:00:10 +0100", 10.0),
        ("Monday, 02-Nov-26 12:00:10 GMT", 10.0),
        ("Mon Nov  2 12:00:10 2026", 10.0),
        ("Mon, 02 Nov 2026 11:59:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Mon, 02 Nov 2036 12:00:00 GMT", DAY),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.integers(-10_000_000, 10_000_000))
def test_every_date_is_read_to_the_second(ahead: int) -> None:
    header = format_datetime(NOON + timedelta(seconds=ahead), usegmt=True)
    assert retry_after_seconds(header, NOW) == min(max(ahead, 0), LONGEST_RETRY_AFTER)


@given(st.text() | st.text(alphabet="0123456789 MonNovGMT,:+-"))
def test_no_header_breaks_us(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER


# What an answer means


def test_only_success_is_success_and_only_gone_is_gone() -> None:
    assert {status for status in range(100, 600) if classify(status) is Effect.DELIVERED} == {
        *range(200, 300)
    }
    assert [status for status in range(100, 600) if classify(status) is Effect.DISABLE] == [410]
    assert {classify(status) for status in (301, 302, 307, 308, 404, 429, 500, 503)} == {Effect.RETRY}


def test_no_answer_is_tried_again() -> None:
    assert classify(None) is Effect.RETRY


# When an endpoint is given up


@pytest.mark.parametrize(
    ("first", "last", "given_up"),
    [
        (None, None, False),
        (NOW, NOW, False),
        (NOW - FAILING_FOR + 1, NOW, False),
        (NOW - 5 * DAY, NOW - 1.1 * DAY, True),
        (NOW - 30 * DAY, NOW - QUIET_FOR, True),
        (NOW - 30 * DAY, NOW - QUIET_FOR - 1, False),
        (NOW - 30 * DAY, NOW - 30 * DAY, False),
        (NOW - 30 * DAY, None, False),
        (NOW + DAY, NOW + DAY, False),
    ],
)
def test_five_days_of_only_failures_end_it(first: float | None, last: float | None, given_up: bool) -> None:
    assert should_disable(first, last, NOW) is given_up


def test_no_gap_of_the_schedule_is_a_quiet_time() -> None:
    assert (1 + JITTER) * max(DEFAULT_SCHEDULE) < QUIET_FOR
    assert LONGEST_RETRY_AFTER < QUIET_FOR
