"""Reads `Retry-After`: how long whoever sent it wants to be left alone."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def seconds_asked_for(header: str, now: float | None) -> float | None:
    """The wait in seconds, not capped; `None` when the header cannot be read.

    A date counts from `now`, and is not read where that is unknown; one in the past is 0. The standard has
    whole seconds only, some servers send fractions.
    """
    text = header.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    until = http_date(text)
    return None if until is None or now is None else max(until - now, 0.0)


def http_date(text: str) -> float | None:
    """An HTTP date, in any of its three forms, in seconds since 1970; `None` for anything else."""
    try:
        date = parsedate_to_datetime(text)
        # The two older forms name no zone: they are in UTC as well.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
