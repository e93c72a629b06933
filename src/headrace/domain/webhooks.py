"""When a webhook is tried again, what an answer means, and when an endpoint is given up."""

from collections.abc import Sequence
from enum import StrEnum

from headrace.domain.waits import seconds_asked_for

DEFAULT_SCHEDULE = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds before each attempt, counted from the one before: the first at once, the last after 75 h 35 min."""

JITTER = 0.1
"""Each gap is up to this share shorter or longer, so that what failed together does not return together."""

LONGEST_RETRY_AFTER = 86400.0
"""Seconds. An endpoint may put us off for as long as our own longest gap, not for ever."""

FAILING_FOR = 5 * 86400.0
"""Seconds of nothing but failures after which an endpoint is given up."""

QUIET_FOR = 2 * 86400.0
"""Seconds without an attempt after which a row of failures begins anew; the schedule's gaps are shorter."""

_GONE = 410


class Effect(StrEnum):
    """What follows from an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DISABLE = "disable"


def classify(status: int | None) -> Effect:
    """What an HTTP status means; `None`: no answer came. A redirect is not followed, so it is a failure."""
    if status is not None and 200 <= status < 300:
        return Effect.DELIVERED
    return Effect.DISABLE if status == _GONE else Effect.RETRY


def next_attempt(
    schedule: Sequence[float], attempts_made: int, jitter: float, retry_after: float | None, now: float
) -> float | None:
    """The wall-clock time of the next attempt in seconds, or `None` when the schedule is used up.

    `jitter` is a random number from 0 to 1. `retry_after` is what the endpoint asked for in seconds: it
    can put an attempt off, never bring it forward.
    """
    if attempts_made >= len(schedule):
        return None
    gap = schedule[attempts_made]
    if attempts_made:
        gap *= 1 + JITTER * (2 * jitter - 1)
    return now + max(gap, min(retry_after or 0.0, LONGEST_RETRY_AFTER))


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """What a `Retry-After` asks for, `LONGEST_RETRY_AFTER` at most; `None` when it cannot be read."""
    seconds = seconds_asked_for(header or "", now)
    return None if seconds is None else min(seconds, LONGEST_RETRY_AFTER)


def should_disable(first_failure_at: float | None, last_failure_at: float | None, now: float) -> bool:
    """Has the endpoint only failed for days, again and again? `first_failure_at`, `last_failure_at`: of the
    failures since the last success."""
    if first_failure_at is None or last_failure_at is None or now - last_failure_at > QUIET_FOR:
        return False
    return now - first_failure_at >= FAILING_FOR
