"""A vendor's answer as bytes."""

import msgspec
import pytest

from headrace.domain.failures import Failure
from headrace.domain.model import Failed, Field, Found, Judged, Missing, Skipped
from headrace.engine import lasting
from headrace.engine.converse import Reply
from tests.domain.builders import ACCEPT_ALL, UNKNOWN

FOUND = Found(("jane@acme.example", "é@ü.example"), ACCEPT_ALL, 1.5, "source")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(FOUND, http_status=200, sandbox=True),
        Reply(Found(())),
        Reply(Missing("no_credits_used", 0.5), http_status=404),
        Reply(Judged(UNKNOWN, 0.25)),
        Reply(Failed(Failure.TIMEOUT), Failure.TIMEOUT),
        Reply(Failed("rate_limited"), Failure.RATE_LIMITED, 2.5, 429),
        Reply(Skipped("breaker_open: bad_key")),
        Reply({Field.EMAIL: FOUND, Field.PHONE: Missing(), Field.PERSONAL_EMAIL: Failed("request_refused")}),
        Reply({}),
    ],
)
def test_an_answer_comes_back_as_it_was(reply: Reply) -> None:
    assert lasting.decode(lasting.encode(reply)) == reply


def test_how_an_answer_came_about_is_nobody_elses() -> None:
    assert lasting.decode(lasting.encode(Reply(FOUND, shared=True, obtained_at=1.0))) == Reply(FOUND)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x90",
        msgspec.json.encode([[[None, "Found", {"values": ["x"]}]], None, None, 200, False]),
        b'{"told": {}}',
        msgspec.msgpack.encode([[[None, "Balance", {"credits": 1}]], None, None, None, False]),
        msgspec.msgpack.encode([[["email", "Found", {"values": 1}]], None, None, None, False]),
        lasting.encode(Reply(FOUND))[:-3],
    ],
)
def test_what_was_not_written_here_is_no_answer(data: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        lasting.decode(data)
