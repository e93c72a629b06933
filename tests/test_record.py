"""An enrichment in its lasting form."""

import msgspec

from headrace.domain.model import Attempt, Field, Grade, Result, Timing, Verdict
from headrace.engine import record


def test_a_trace_comes_back_as_it_was_written() -> None:
    attempt = Attempt(
        Field.EMAIL,
        "a",
        "verify",
        "found",
        "valid",
        Grade.DELIVERABLE,
        Timing(1.24, 230.06, 200),
        vendor_cost=0.25,
        accepted=True,
        values=("jane@acme.example",),
    )
    (written,) = record.attempt_records([attempt])
    assert record.decode_attempts(record.encode([written])) == [written]
    assert msgspec.to_builtins(written) == {
        "field": "email",
        "provider": "a",
        "kind": "verify",
        "outcome": "found",
        "reason": "valid",
        "verdict": "deliverable",
        "started_ms": 1.2,
        "duration_ms": 230.1,
        "http_status": 200,
        "vendor_cost": 0.25,
        "accepted": True,
        "values": ("jane@acme.example",),
    }


def test_a_value_is_kept_with_where_and_when_it_came_from() -> None:
    verdict = Verdict(Grade.CATCH_ALL, "vouched", accept_all=True)
    results = {Field.EMAIL: Result(Field.EMAIL, ("jane@acme.example",), verdict, "a", answered=True)}
    written = record.value_records(results, 1234.5)
    assert record.decode_values(record.encode(written)) == written
    kept = written["email"]
    assert (kept.values, kept.verdict, kept.reason) == (("jane@acme.example",), "catch_all", "vouched")
    assert (kept.provider, kept.found_at, kept.rejected) == ("a", 1234.5, False)


def test_what_was_not_found_has_no_time_and_no_source() -> None:
    kept = record.value_records({Field.PHONE: Result(Field.PHONE, rejected=True)}, 1234.5)["phone"]
    assert (kept.values, kept.provider, kept.found_at, kept.rejected) == ((), None, None, True)


def test_a_trace_written_before_values_were_kept_can_still_be_read() -> None:
    old = (
        b'[{"field":"email","provider":"a","kind":"find","outcome":"missing","reason":"not_found",'
        b'"verdict":null,"started_ms":0,"duration_ms":1,"http_status":404,"vendor_cost":0,"accepted":false}]'
    )
    assert record.decode_attempts(old)[0].values == ()
