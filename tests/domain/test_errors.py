"""What a caller is told when something goes wrong."""

import re
from typing import Any

import pytest

from headrace.domain.errors import KINDS, Problem

DETAILS: dict[str, Any] = {
    "detail": "domain is not valid",
    "method": "PUT",
    "limit": 65536,
    "seconds": 1,
    "fields": "email",
}


@pytest.mark.parametrize("code", KINDS)
def test_every_kind_has_a_status_a_sentence_and_advice(code: str) -> None:
    kind = KINDS[code]
    assert 400 <= kind.status <= 599
    assert kind.message
    assert kind.advice.endswith(".")
    assert kind.fault in ("caller", "account", "operator", "vendors")
    assert re.fullmatch(r"[a-z][a-z_]+", code)


@pytest.mark.parametrize("code", KINDS)
def test_every_kind_can_be_said(code: str) -> None:
    problem = Problem(code, retry_after=3, **DETAILS)
    assert problem.message
    assert "{" not in problem.message
    assert problem.kind is KINDS[code]
    assert problem.retry_after == 3


def test_the_documented_sentences_are_as_documented() -> None:
    assert Problem("rate_limited", seconds=2).message == "Rate limit exceeded. Please try again in 2 seconds."
    assert Problem("insufficient_credits").message == "Insufficient enrichment credits"
    assert Problem("unauthorized").message == "Unauthorized"
    assert {
        code: KINDS[code].status for code in ("rate_limited", "insufficient_credits", "unauthorized")
    } == {
        "rate_limited": 429,
        "insufficient_credits": 422,
        "unauthorized": 401,
    }


def test_braces_in_what_a_caller_sent_are_just_text() -> None:
    assert Problem("bad_request", detail="{0} {x} {").message == "{0} {x} {"


def test_the_exceptions_own_text_is_the_code_alone() -> None:
    assert str(Problem("bad_request", detail="jane@acme.example is no domain")) == "bad_request"


def test_a_code_that_does_not_exist_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Problem("nonsense")


def test_faults_of_the_caller_and_of_us_have_fitting_statuses() -> None:
    for kind in KINDS.values():
        assert (kind.status >= 500) == (kind.fault in ("operator", "vendors"))
