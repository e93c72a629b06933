"""An enrichment in its lasting form."""

from collections.abc import Sequence

import msgspec
import pytest
from msgspec import UNSET

from headrace import record
from headrace.domain.model import Attempt, Contact, EnrichmentRequest, Field, Grade, Result, Timing, Verdict
from headrace.record import AttemptRecord, EnrichmentRecord, ValueRecord

REQUEST = EnrichmentRequest(
    Contact("Jane", "Doe", "Acme", "acme.example", phone_countries=("FR",)),
    (Field.EMAIL, Field.PHONE),
    "https://hooks.example/",
    b'{"b":1.0,"a":[1e2]}',
)


def kept(
    attempts: Sequence[AttemptRecord] = (), results: dict[str, ValueRecord] | None = None
) -> EnrichmentRecord:
    """Written and read again."""
    whole = EnrichmentRecord(record.request_record(REQUEST), results or {}, list(attempts))
    return record.decode_record(record.encode(whole))


def test_a_queued_request_comes_back_as_it_was() -> None:
    again = record.decode_record(record.encode(record.queued_record(REQUEST)))
    assert record.request_of(again) == REQUEST


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
    assert kept([written]).attempts == [written]
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


@pytest.mark.parametrize(
    ("timing", "label"),
    [
        (Timing(1, 2, 200), {}),
        (Timing(1, 2, 200, shared=True), {"shared": True}),
        (Timing(1, obtained_at=5.0), {"reused": True}),
    ],
)
def test_a_trace_says_how_an_answer_came(timing: Timing, label: dict[str, bool]) -> None:
    attempt = Attempt(Field.EMAIL, "a", "find", "found", None, None, timing)
    (written,) = record.attempt_records([attempt])
    keys = msgspec.to_builtins(written)
    assert {name: keys[name] for name in ("shared", "reused") if name in keys} == label


def test_a_value_is_kept_with_where_and_when_it_came_from() -> None:
    verdict = Verdict(Grade.CATCH_ALL, "vouched", accept_all=True)
    results = {Field.EMAIL: Result(Field.EMAIL, ("jane@acme.example",), verdict, "a", answered=True)}
    written = record.value_records(results, 1234.5)
    assert kept(results=written).results == written
    value = written["email"]
    assert (value.values, value.verdict, value.reason) == (("jane@acme.example",), "catch_all", "vouched")
    assert (value.provider, value.found_at, value.rejected) == ("a", 1234.5, False)


def test_a_value_was_found_when_its_vendor_answered_and_not_when_the_search_ended() -> None:
    quick = Attempt(Field.EMAIL, "a", "find", "found", None, None, Timing(100, 400))
    verified = Attempt(Field.EMAIL, "b", "verify", "found", None, None, Timing(500, 1000), accepted=True)
    slow = Attempt(Field.PHONE, "a", "find", "found", None, None, Timing(100, 9900), accepted=True)
    values = {wanted: Result(wanted, ("any",), provider="a") for wanted in (Field.EMAIL, Field.PHONE)}
    written = record.value_records(values, 1234.5, [verified, quick, slow])
    assert {wanted: value.found_at for wanted, value in written.items()} == {"email": 1225.0, "phone": 1234.5}


def test_a_remembered_value_was_found_when_the_vendor_gave_it() -> None:
    remembered = Result(Field.PHONE, ("+33612345678",), None, "a", answered=True, obtained_at=99.5)
    assert record.value_records({Field.PHONE: remembered}, 1234.5)["phone"].found_at == 99.5


def test_what_was_not_found_has_no_time_and_no_source() -> None:
    value = record.value_records({Field.PHONE: Result(Field.PHONE, rejected=True)}, 1234.5)["phone"]
    assert (value.values, value.provider, value.found_at, value.rejected) == ((), None, None, True)


def test_a_trace_of_an_earlier_version_can_still_be_read() -> None:
    old = (
        b'{"request":{"first_name":"Jane","last_name":"Doe","company_name":null,"domain":null,'
        b'"linkedin_url":null,"fields":["email"]},"results":{},"attempts":[{"field":"email","provider":"a",'
        b'"kind":"find","outcome":"missing","reason":"not_found","verdict":null,"started_ms":0,'
        b'"duration_ms":1,"http_status":404,"vendor_cost":0,"accepted":false}]}'
    )
    (line,) = record.decode_record(old).attempts
    assert (line.values, line.shared, line.reused) == ((), UNSET, UNSET)


def test_the_words_of_another_version_can_still_be_read() -> None:
    line = AttemptRecord("fax", "a", "ask", "unsure", None, "doubtful", 0.0, 1.0, None, 0.0, accepted=False)
    value = ValueRecord(("jane@acme.example",), "doubtful", None, "a", None)
    again = kept([line], {"fax": value})
    assert (again.attempts, again.results) == ([line], {"fax": value})
