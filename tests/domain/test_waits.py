"""How long whoever sent a `Retry-After` wants to be left alone."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.domain.failures import Failure, Refused
from headrace.domain.waits import http_date, seconds_asked_for
from headrace.ports import Response

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOW = NOON.timestamp()
IN_TEN_SECONDS = "Mon, 02 Nov 2026 12:00:10 GMT"

hostile = st.text() | st.text(alphabet="0123456789 MonNovGMT,:+-.")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("20", 20.0),
        ("20.5", 20.5),
        ("0.25", 0.25),
        (" 20 ", 20.0),
        ("0000000020", 20.0),
        ("9999999999", 9999999999.0),
        ("315360000.5", 315360000.5),
        ("9" * 5000, inf),
        (IN_TEN_SECONDS, 10.0),
        ("Monday, 02-Nov-26 12:00:10 GMT", 10.0),
        ("Mon Nov  2 12:00:10 2026", 10.0),
        ("Mon, 02 Nov 2026 11:59:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 30 Oct 2036 12:00:00 GMT", 315360000.0),
    ],
)
def test_seconds_and_dates_are_read(header: str, seconds: float) -> None:
    assert seconds_asked_for(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "soon",
        "-5",
        "+5",
        "1e3",
        "nan",
        "inf",
        "20.",
        ".5",
        "20,5",
        "20.5.1",
        "20 s",
        "²",
        "١٢",
        "0x10",
    ],
)
def test_garbage_is_absent(header: str) -> None:
    assert seconds_asked_for(header, NOW) is None


@given(st.integers(-10_000_000, 10_000_000))
def test_every_date_is_read_to_the_second(ahead: int) -> None:
    header = format_datetime(NOON + timedelta(seconds=ahead), usegmt=True)
    assert http_date(header) == NOW + ahead
    assert seconds_asked_for(header, NOW) == max(ahead, 0)


@given(hostile, hostile)
def test_no_header_breaks_us(asked: str, date: str) -> None:
    seconds = Response(429, {"retry-after": asked, "date": date}, b"", NOW).retry_after
    assert seconds is None or seconds >= 0


# What a response makes of it


@pytest.mark.parametrize(
    ("headers", "received_at", "seconds"),
    [
        ({}, NOW, None),
        ({"date": IN_TEN_SECONDS}, NOW, None),
        ({"retry-after": "20.5"}, None, 20.5),
        ({"retry-after": IN_TEN_SECONDS}, NOW, 10.0),
        ({"retry-after": IN_TEN_SECONDS, "date": "garbage"}, NOW, 10.0),
        ({"retry-after": IN_TEN_SECONDS, "date": "Mon, 02 Nov 2026 12:00:07 GMT"}, NOW, 3.0),
        ({"retry-after": IN_TEN_SECONDS, "date": "Mon, 02 Nov 2026 12:00:11 GMT"}, NOW, 0.0),
        ({"retry-after": IN_TEN_SECONDS}, None, None),
        ({"retry-after": "garbage", "date": IN_TEN_SECONDS}, NOW, None),
    ],
)
def test_a_date_counts_from_the_replys_own_and_else_from_when_it_came(
    headers: dict[str, str], received_at: float | None, seconds: float | None
) -> None:
    assert Response(429, headers, b"", received_at).retry_after == seconds


def test_a_refusal_carries_it() -> None:
    with pytest.raises(Refused) as refused:
        Response(429, {"retry-after": "20.5"}, b"").expect(200)
    assert (refused.value.failure, refused.value.retry_after) == (Failure.RATE_LIMITED, 20.5)
