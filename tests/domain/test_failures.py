"""The names of the ways in which a vendor can fail, and what follows."""

import pytest

from headrace.domain.failures import CONSEQUENCES, Failure, Refused, consequence

STABLE = {
    "connect_failed",
    "tls_failed",
    "connection_lost",
    "timeout",
    "body_too_large",
    "bad_encoding",
    "malformed_response",
    "malformed_value",
    "redirect",
    "unexpected_status",
    "server_error",
    "rate_limited",
    "out_of_credits",
    "bad_key",
    "account_restricted",
    "request_refused",
    "deadline",
}
"""Clients and dashboards know these; adding one is fine, taking one away is a break."""


def test_no_name_has_been_taken_away() -> None:
    assert set(Failure) >= STABLE


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_a_consequence_and_a_speaking_name(failure: Failure) -> None:
    effect = consequence(failure)
    assert effect.counts or not effect.opens_at_once
    assert effect.opens_at_once or not effect.whole_vendor
    assert effect.opens_at_once or not effect.loud
    assert failure.value == failure.name.lower() == str(failure)


@pytest.mark.parametrize("failure", [Failure.BAD_KEY, Failure.ACCOUNT_RESTRICTED])
def test_a_refused_key_stops_the_whole_vendor_at_once_and_loudly(failure: Failure) -> None:
    effect = consequence(failure)
    assert (effect.opens_at_once, effect.whole_vendor, effect.loud) == (True, True, True)


def test_an_empty_balance_stops_one_capability_loudly() -> None:
    effect = consequence(Failure.OUT_OF_CREDITS)
    assert (effect.opens_at_once, effect.whole_vendor, effect.loud) == (True, False, True)


def test_a_rate_limit_stops_one_capability_quietly() -> None:
    effect = consequence(Failure.RATE_LIMITED)
    assert (effect.opens_at_once, effect.whole_vendor, effect.loud) == (True, False, False)


def test_what_concerns_one_request_does_not_count() -> None:
    for failure in (Failure.REQUEST_REFUSED, Failure.MALFORMED_VALUE, Failure.DEADLINE):
        assert not consequence(failure).counts


def test_all_others_count_and_open_only_after_a_run() -> None:
    for failure in set(Failure) - set(CONSEQUENCES):
        effect = consequence(failure)
        assert effect.counts
        assert not effect.opens_at_once


def test_a_refusal_says_its_name_and_nothing_else() -> None:
    refused = Refused(Failure.RATE_LIMITED, 3.0)
    assert str(refused) == "rate_limited"
    assert (refused.failure, refused.retry_after) == (Failure.RATE_LIMITED, 3.0)
