"""What the waterfall asks, in which order, and when it stops."""

import pytest

from headrace.domain.model import Contact, Failed, Found, Grade, Judged, Missing, Skipped, Timing, Verdict
from headrace.domain.plan import Plan, Question
from tests.domain.builders import (
    ACCEPT_ALL,
    BY_NAME,
    CONFIRMED,
    DELIVERABLE,
    DOWN,
    EMAIL,
    INVALID,
    JANE,
    JD,
    MISS,
    PERSONAL,
    PHONE,
    ROLE,
    SOMEBODY,
    UNKNOWN,
    Game,
    address,
    judged,
    plan,
    vendor,
)

NUMBER = "+33612345678"


# Order and end


def test_vendors_are_asked_one_after_another_in_the_order_of_the_plan() -> None:
    game = Game(plan("a b c"))
    for name in "abc":
        assert [question.provider for question in game.out] == [name]
        game.answer(name, MISS)
    assert game.order == ["a", "b", "c"]
    assert game.over


def test_a_lane_stops_at_its_first_accepted_value() -> None:
    game = Game(plan("a b", verifiers="v"))
    assert game.answer("a", address(JANE, DELIVERABLE)) == []
    assert game.over
    assert game.result().values == (JANE,)
    assert (game.result().provider, game.result().verdict) == ("a", DELIVERABLE)
    assert game.order == ["a"]


def test_a_failed_vendor_is_passed_over() -> None:
    game = Game(plan("a b"))
    game.answer("a", DOWN)
    game.answer("b", address(JANE, DELIVERABLE))
    assert game.result().values == (JANE,)
    assert game.trace == [("a", "failed", "server_error"), ("b", "found", "valid")]


def test_a_vendor_that_was_not_let_through_is_passed_over_and_counts_as_failed() -> None:
    game = Game(plan("a"))
    game.answer("a", Skipped("breaker_open: bad_key"))
    assert game.over
    assert game.trace == [("a", "skipped", "breaker_open: bad_key")]
    assert (game.result().failed, game.result().answered) == (True, False)


def test_one_that_says_nothing_is_there_has_answered() -> None:
    game = Game(plan("a b"))
    game.answer("a", DOWN)
    game.answer("b", MISS)
    assert not game.result().found
    assert (game.result().answered, game.result().failed) == (True, True)


def test_without_vendors_a_lane_ends_at_once_and_nobody_failed() -> None:
    game = Game(plan("", phone="a"), EMAIL, PHONE)
    assert game.waterfall.open_lanes == (PHONE,)
    result = game.result(EMAIL)
    assert (result.found, result.answered, result.failed) == (False, False, False)


def test_a_field_that_the_plan_does_not_know_ends_at_once() -> None:
    assert Game(Plan({})).over


def test_lanes_do_not_wait_for_each_other() -> None:
    game = Game(plan("a b", "c", "d"), EMAIL, PERSONAL, PHONE)
    assert game.order == ["a", "c", "d"]
    assert [question.provider for question in game.answer("a", MISS)] == ["b"]
    game.answer("d", Found((NUMBER,)))
    assert set(game.waterfall.open_lanes) == {EMAIL, PERSONAL}
    assert game.result(PHONE).values == (NUMBER,)


def test_a_lane_that_waits_is_not_asked_again() -> None:
    game = Game(plan("a b"))
    assert game.ask() == []


def test_costs_times_and_status_stand_in_the_trace() -> None:
    game = Game(plan("a b", verifiers="v"))
    timing = Timing(5.0, 7.0, 202)
    game.waterfall.record(game.out[0], Found((JANE,), UNKNOWN, cost=1.5), timing)
    (question,) = game.waterfall.questions(12.0)
    game.waterfall.record(question, Judged(DELIVERABLE, cost=0.25), timing)
    first, second = game.attempts
    assert (first.kind, first.vendor_cost, first.timing, first.accepted) == ("find", 1.5, timing, False)
    assert (second.kind, second.vendor_cost, second.accepted) == ("verify", 0.25, True)
    assert (first.verdict, second.verdict, second.values) == ("unknown", "deliverable", (JANE,))


# What is missing


def test_a_vendor_that_lacks_its_input_is_skipped_with_the_reason() -> None:
    nameless = Contact(linkedin_url="https://www.linkedin.com/in/jane-doe/")
    picky = vendor("picky", needs=BY_NAME)
    game = Game(plan("picky a", special=(picky,)), contact=nameless)
    assert game.order == ["a"]
    assert game.trace[0][:2] == ("picky", "skipped")
    assert game.trace[0][2] in ("missing_input: domain, name", "missing_input: company_name, name")


def test_the_reason_names_what_is_missing_for_the_nearest_way() -> None:
    half = Contact(first_name="Jane", last_name="Doe")
    needs = (frozenset({"linkedin_url", "domain"}), frozenset({"name", "domain"}))
    game = Game(plan("picky", special=(vendor("picky", needs=needs),)), contact=half)
    assert game.trace == [("picky", "skipped", "missing_input: domain")]


def test_any_one_way_of_asking_is_enough() -> None:
    by_company = Contact(first_name="Jane", last_name="Doe", company_name="Acme")
    assert Game(plan("picky", special=(vendor("picky", needs=BY_NAME),)), contact=by_company).order == [
        "picky"
    ]


def test_a_vendor_skipped_for_its_input_has_not_failed() -> None:
    game = Game(plan("a"), contact=Contact(first_name="Jane"))
    assert game.over
    assert not game.result().failed


# Evidence about addresses


@pytest.mark.parametrize("verdict", [DELIVERABLE, CONFIRMED])
def test_a_vendors_own_confirmation_is_enough(verdict: Verdict) -> None:
    game = Game(plan("a", verifiers="v"))
    game.answer("a", address(JANE, verdict))
    assert game.order == ["a"]
    assert game.result().verdict == verdict


@pytest.mark.parametrize("verdict", [None, UNKNOWN, ACCEPT_ALL, ROLE])
def test_anything_less_is_verified(verdict: Verdict | None) -> None:
    game = Game(plan("a b", verifiers="v"))
    (question,) = game.answer("a", address(JANE, verdict))
    assert question == Question("v", (EMAIL,), address=JANE)


def test_verifiers_are_asked_in_turn_until_one_decides() -> None:
    game = Game(plan("a b", verifiers="v w x"))
    game.answer("a", address(JANE))
    game.answer("v", judged(UNKNOWN))
    game.answer("w", judged(DELIVERABLE))
    assert game.order == ["a", "v?", "w?"]
    assert game.result().provider == "a"
    assert [line.accepted for line in game.attempts] == [False, False, True]


def test_a_verifier_that_fails_hands_over_to_the_next() -> None:
    game = Game(plan("a", verifiers="v w"))
    game.answer("a", address(JANE))
    game.answer("v", Failed("timeout"))
    game.answer("w", judged(DELIVERABLE))
    assert game.result().found
    assert not game.result().failed


def test_no_verifier_is_asked_twice_about_one_address() -> None:
    game = Game(plan("a b", verifiers="v w"))
    game.answer("a", address(JANE))
    game.answer("v", judged(UNKNOWN))
    game.answer("w", judged(UNKNOWN))
    game.answer("b", address(JANE))
    assert game.order == ["a", "v?", "w?", "b"]
    assert game.over


def test_each_new_address_is_verified() -> None:
    game = Game(plan("a b", verifiers="v"))
    game.answer("a", address(JANE))
    game.answer("v", judged(INVALID))
    game.answer("b", address(JD))
    game.answer("v", judged(DELIVERABLE))
    assert game.result().values == (JD,)
    assert game.result().provider == "b"


def test_an_address_in_another_spelling_is_the_same_address() -> None:
    game = Game(plan("a b", verifiers="v"))
    game.answer("a", address(" Jane@ACME.example "))
    game.answer("v", judged(INVALID))
    game.answer("b", address(JANE))
    assert game.trace[-1] == ("b", "found", "already_rejected")
    assert not game.result().found


def test_unknown_is_never_called_deliverable() -> None:
    game = Game(plan("a", verifiers="v"), accept_risky=True)
    game.answer("a", address(JANE, UNKNOWN))
    game.answer("v", judged(UNKNOWN))
    assert game.over
    assert not game.result().found


def test_without_verifiers_an_ungraded_address_is_not_accepted() -> None:
    game = Game(plan("a"))
    game.answer("a", address(JANE))
    assert game.over
    assert not game.result().found


def test_a_rejected_address_is_not_taken_from_anybody_else() -> None:
    game = Game(plan("a b c", verifiers="v w"))
    game.answer("a", address(JANE))
    game.answer("v", judged(INVALID))
    game.answer("b", address(JANE, DELIVERABLE))
    game.answer("c", address(JANE, CONFIRMED))
    assert game.order == ["a", "v?", "b", "c"]
    assert [line[2] for line in game.trace[2:]] == ["already_rejected", "already_rejected"]
    assert game.result().rejected
    assert not game.result().found


def test_a_vendors_own_no_rejects_as_well() -> None:
    game = Game(plan("a b", verifiers="v"))
    game.answer("a", address(JANE, INVALID))
    game.answer("b", address(JANE, DELIVERABLE))
    assert game.order == ["a", "b"]
    assert game.result().rejected


def test_an_address_rejected_in_one_lane_is_not_accepted_in_another() -> None:
    game = Game(plan("a", "b", verifiers="v"), EMAIL, PERSONAL)
    game.answer("a", address(JANE))
    game.answer("v", judged(INVALID))
    game.answer("b", address(JANE, DELIVERABLE))
    assert game.over
    assert not game.result(PERSONAL).found
    assert game.result(PERSONAL).answered


def test_an_address_rejected_in_one_lane_is_dropped_in_another_that_holds_it() -> None:
    game = Game(plan("a", "b", verifiers="v w"), EMAIL, PERSONAL)
    game.answer("a", address(JANE))
    game.answer("b", address(JANE))
    game.answer("v", judged(INVALID), EMAIL)
    while game.out:
        game.answer(game.out[0].provider, judged(DELIVERABLE))
    assert not game.result(PERSONAL).found
    assert "w?" not in game.order


def test_an_address_confirmed_in_one_lane_is_not_verified_again_in_another() -> None:
    game = Game(plan("a", "b", verifiers="v w"), EMAIL, PERSONAL)
    game.answer("b", address(JANE))
    game.answer("v", judged(UNKNOWN), PERSONAL)
    game.answer("w", judged(DELIVERABLE), PERSONAL)
    game.answer("a", address(JANE))
    assert game.over
    assert game.result(EMAIL).values == (JANE,)
    assert game.order == ["a", "b", "v?", "w?"]


def test_a_vendor_that_resells_another_is_no_second_witness() -> None:
    for told in ({"b": "a"}, {}):
        made = plan("a b")
        game = Game(Plan(made.finders, made.verifiers, told))
        game.answer("a", address(JANE, ACCEPT_ALL))
        game.answer("b", address(JANE, ACCEPT_ALL))
        assert game.result().found is not bool(told)


def test_an_aggregator_counts_as_the_source_that_it_names_however_it_spells_it() -> None:
    game = Game(plan("lead_magic b"))
    game.answer("lead_magic", address(JANE, ACCEPT_ALL))
    game.answer("b", Found((JANE,), ACCEPT_ALL, upstream="Lead_ Magic"))
    assert not game.result().found


def test_a_second_independent_vendor_vouches_for_an_accept_all_address() -> None:
    game = Game(plan("a b c", verifiers="v"))
    game.answer("a", address(JANE, ACCEPT_ALL))
    game.answer("v", judged(ACCEPT_ALL))
    game.answer("b", address(JANE))
    assert game.order == ["a", "v?", "b"]
    verdict = game.result().verdict
    assert verdict
    assert verdict.grade is Grade.CATCH_ALL
    assert game.result().provider == "a"
    assert [line.accepted for line in game.attempts] == [False, False, True]


def test_a_vendor_that_only_passes_on_the_first_ones_data_vouches_for_nothing() -> None:
    game = Game(plan("a b", verifiers=""))
    game.answer("a", address(JANE, ACCEPT_ALL))
    game.answer("b", address(JANE, ACCEPT_ALL, upstream="A"))
    assert game.over
    assert not game.result().found


def test_a_verifier_that_confirms_the_mailbox_vouches_for_an_accept_all_address() -> None:
    game = Game(plan("a", verifiers="v w"))
    game.answer("a", address(JANE, ACCEPT_ALL))
    game.answer("v", judged(UNKNOWN))
    game.answer("w", judged(DELIVERABLE))
    verdict = game.result().verdict
    assert verdict
    assert verdict.grade is Grade.CATCH_ALL


def test_a_risky_address_is_kept_while_better_ones_are_looked_for() -> None:
    game = Game(plan("a b", verifiers="v"), accept_risky=True)
    game.answer("a", address(JANE, ACCEPT_ALL))
    game.answer("v", judged(ACCEPT_ALL))
    game.answer("b", address(JD, DELIVERABLE))
    assert game.result().values == (JD,)


@pytest.mark.parametrize("allowed", [True, False])
def test_at_the_end_a_risky_address_is_returned_if_the_account_accepts_it(allowed: bool) -> None:
    game = Game(plan("a b"), accept_risky=allowed)
    game.answer("a", address(JANE, ACCEPT_ALL))
    game.answer("b", MISS)
    result = game.result()
    assert result.values == ((JANE,) if allowed else ())
    assert (result.verdict == ACCEPT_ALL) is allowed
    assert [line.accepted for line in game.attempts] == [allowed, False]


def test_a_risky_personal_address_is_never_returned() -> None:
    game = Game(plan(personal="a"), PERSONAL, accept_risky=True)
    game.answer("a", address("jane@mail.example", ACCEPT_ALL))
    assert game.over
    assert not game.result(PERSONAL).found


@pytest.mark.parametrize(
    "value", ["", "N/A", "jane", "jane@", "@acme.example", "jane@@acme.example", "j***@acme.example"]
)
def test_what_is_no_address_is_the_vendors_failure(value: str) -> None:
    game = Game(plan("a b", verifiers="v"))
    game.answer("a", address(value, DELIVERABLE))
    assert game.trace == [("a", "failed", "malformed_value")]
    assert game.order == ["a", "b"]
    game.answer("b", DOWN)
    assert game.result().failed
    assert not game.result().answered


def test_a_find_without_a_value_is_the_vendors_failure() -> None:
    game = Game(plan("a"))
    game.answer("a", Found((), DELIVERABLE))
    assert game.trace == [("a", "failed", "malformed_value")]


# Phones


def test_every_usable_number_is_kept_in_order_and_once() -> None:
    game = Game(plan(phone="a"), PHONE)
    game.answer("a", Found(("06", "+33 6 12 34 56 78", "+44 20 7946 0958", "0033612345678")))
    assert game.result(PHONE).values == (NUMBER, "+442079460958")
    assert game.attempts[0].values == game.result(PHONE).values
    assert game.attempts[0].accepted


def test_a_number_of_another_country_does_not_stop_the_lane() -> None:
    german = Contact(linkedin_url=SOMEBODY.linkedin_url, phone_countries=("DE", "FR"))
    game = Game(plan(phone="a b"), PHONE, contact=german)
    game.answer("a", Found(("+44 20 7946 0958",)))
    game.answer("b", Found(("+44 20 7946 0958", "+33 6 12 34 56 78")))
    assert game.trace[0] == ("a", "found", "country_not_allowed")
    assert not game.attempts[0].accepted
    assert game.result(PHONE).values == (NUMBER,)
    assert game.result(PHONE).provider == "b"


def test_only_numbers_of_other_countries_are_a_miss_and_no_failure() -> None:
    german = Contact(linkedin_url=SOMEBODY.linkedin_url, phone_countries=("DE",))
    game = Game(plan(phone="a"), PHONE, contact=german)
    game.answer("a", Found((NUMBER,)))
    result = game.result(PHONE)
    assert (result.found, result.answered, result.failed) == (False, True, False)


@pytest.mark.parametrize("values", [("N/A",), ("+33 1",), ()])
def test_impossible_numbers_do_not_stop_the_lane(values: tuple[str, ...]) -> None:
    game = Game(plan(phone="a b"), PHONE)
    game.answer("a", Found(values))
    assert game.trace == [("a", "found", "impossible_number")]
    assert game.order == ["a", "b"]


# One call for several fields

BOTH = vendor("both", together=(EMAIL, PHONE))
ONE_PRICE = vendor("one", together=(EMAIL, PHONE), one_price=True)


def test_one_call_serves_two_lanes_that_are_at_the_same_vendor() -> None:
    game = Game(plan("both", phone="both", special=(BOTH,)), EMAIL, PHONE)
    assert [question.fields for question in game.asked] == [(EMAIL, PHONE)]
    game.answer("both", {EMAIL: address(JANE, DELIVERABLE), PHONE: Found((NUMBER,))})
    assert game.over
    assert (game.result(EMAIL).values, game.result(PHONE).values) == ((JANE,), (NUMBER,))
    assert [(line.field, line.accepted) for line in game.attempts] == [(EMAIL, True), (PHONE, True)]


def test_the_two_lanes_may_each_know_the_vendor_by_a_description_of_their_own() -> None:
    twin = vendor("both", together=(EMAIL, PHONE))
    assert twin is not BOTH
    game = Game(Plan({EMAIL: (BOTH,), PHONE: (twin,)}), EMAIL, PHONE)
    assert [question.fields for question in game.asked] == [(EMAIL, PHONE)]


def test_a_vendor_of_several_prices_is_not_asked_early_for_a_lane_that_is_not_there_yet() -> None:
    game = Game(plan("both", phone="a both", special=(BOTH,)), EMAIL, PHONE)
    assert [question.fields for question in game.asked] == [(EMAIL,), (PHONE,)]
    game.answer("both", MISS)
    game.answer("a", MISS)
    assert game.asked[-1] == Question("both", (PHONE,))


def test_a_lane_that_is_taken_along_keeps_its_own_order() -> None:
    game = Game(plan("one", phone="a one b", special=(ONE_PRICE,)), EMAIL, PHONE)
    assert game.asked == [Question("one", (EMAIL, PHONE)), Question("a", (PHONE,))]
    game.answer("a", Found((NUMBER,)))
    game.answer("one", {EMAIL: MISS, PHONE: MISS})
    assert game.over
    assert (game.result(PHONE).provider, game.order) == ("a", ["one", "a"])


def test_a_lane_waits_for_the_call_that_serves_it_when_its_turn_has_come() -> None:
    game = Game(plan("one", phone="a one b", special=(ONE_PRICE,)), EMAIL, PHONE)
    game.answer("a", MISS)
    assert game.order == ["one", "a"]
    game.answer("one", {EMAIL: address(JANE, DELIVERABLE), PHONE: MISS})
    assert game.order == ["one", "a", "b"]
    game.answer("b", MISS)
    assert game.over


def test_a_vendor_of_one_price_is_asked_once_for_both() -> None:
    game = Game(plan("one", phone="a one", special=(ONE_PRICE,)), EMAIL, PHONE)
    assert game.asked == [Question("one", (EMAIL, PHONE)), Question("a", (PHONE,))]
    game.answer("one", {EMAIL: address(JANE, DELIVERABLE), PHONE: MISS})
    game.answer("a", MISS)
    assert game.over
    assert game.order == ["one", "a"]


def test_a_lane_that_is_busy_gets_its_share_of_a_call_of_one_price_as_well() -> None:
    game = Game(plan("a one b", phone="one", special=(ONE_PRICE,)), EMAIL, PHONE)
    assert game.asked == [Question("a", (EMAIL,)), Question("one", (PHONE, EMAIL))]
    game.answer("one", {EMAIL: address(JANE, DELIVERABLE), PHONE: Found((NUMBER,))})
    assert game.over
    assert game.result(EMAIL).values == (JANE,)
    game.late("a", address(JD, DELIVERABLE))
    assert game.trace[-1] == ("a", "found", "late")


def test_a_lane_does_not_end_while_a_shared_call_may_still_bring_it_something() -> None:
    game = Game(plan("a one", phone="one", special=(ONE_PRICE,)), EMAIL, PHONE)
    game.answer("a", MISS)
    assert EMAIL in game.waterfall.open_lanes
    game.answer("one", {EMAIL: address(JANE, DELIVERABLE), PHONE: MISS})
    assert game.over
    assert game.result(EMAIL).values == (JANE,)


def test_a_shared_call_that_brings_nothing_lets_the_lane_end() -> None:
    game = Game(plan("a one", phone="one", special=(ONE_PRICE,)), EMAIL, PHONE)
    game.answer("a", MISS)
    game.answer("one", DOWN)
    assert game.over
    assert (game.result(EMAIL).answered, game.result(PHONE).failed) == (True, True)


@pytest.mark.parametrize("refusal", [Failed("out_of_credits"), Skipped("breaker_open: timeout", apart=True)])
def test_a_shared_call_that_cannot_be_had_is_made_for_each_lane_alone(refusal: Failed | Skipped) -> None:
    game = Game(plan("a one b", phone="one c", special=(ONE_PRICE,)), EMAIL, PHONE)
    assert game.asked == [Question("a", (EMAIL,)), Question("one", (PHONE, EMAIL))]
    game.answer("one", refusal)
    assert game.asked[-1] == Question("one", (PHONE,))
    game.answer("one", Skipped("breaker_open: out_of_credits"))
    game.answer("a", MISS)
    assert game.asked[-1] == Question("one", (EMAIL,))
    game.answer("one", address(JANE, DELIVERABLE))
    game.answer("c", MISS)
    assert game.over
    assert game.order == ["a", "one", "one", "c", "one"]
    assert game.result(EMAIL).values == (JANE,)


def test_a_shared_call_that_failed_otherwise_is_not_made_again() -> None:
    game = Game(plan("one", phone="one", special=(ONE_PRICE,)), EMAIL, PHONE)
    game.answer("one", DOWN)
    assert game.over
    assert game.order == ["one"]


def test_a_lane_that_was_only_asked_for_apart_has_not_failed() -> None:
    game = Game(plan("one", phone="one", special=(ONE_PRICE,)), EMAIL, PHONE)
    game.answer("one", Skipped("breaker_open: out_of_credits", apart=True))
    assert [question.fields for question in game.out] == [(EMAIL,), (PHONE,)]
    game.answer("one", MISS)
    game.answer("one", Skipped("breaker_open: out_of_credits"))
    assert (game.result(EMAIL).failed, game.result(PHONE).failed) == (False, True)


def test_a_field_that_a_shared_answer_does_not_tell_is_asked_for_alone_at_its_turn() -> None:
    game = Game(plan("both a", phone="both b", special=(BOTH,)), EMAIL, PHONE)
    alone = Skipped("not_remembered", apart=True)
    game.answer("both", {EMAIL: address(JANE, DELIVERABLE), PHONE: alone})
    assert game.result(EMAIL).values == (JANE,)
    assert game.asked[-1] == Question("both", (PHONE,))
    game.answer("both", Failed("request_refused"))
    game.answer("b", MISS)
    assert game.over
    assert game.order == ["both", "both", "b"]


def test_a_shared_call_counts_as_the_dearest_of_its_fields() -> None:
    assert Question("one", (PHONE, EMAIL)).capability == PHONE
    assert Question("one", (EMAIL, PERSONAL)).capability == PERSONAL
    assert Question("one", (EMAIL,)).capability == EMAIL
    assert Question("one", (EMAIL,), address=JANE).capability == "verify"


def test_a_vendor_that_had_a_value_and_rejected_it_says_so() -> None:
    game = Game(plan(personal="a"), PERSONAL)
    game.answer("a", Missing("rejected", rejected=True))
    assert game.over
    assert game.result(PERSONAL).rejected


def test_no_lane_rides_along_that_has_an_address_to_verify_first() -> None:
    game = Game(plan("a both", phone="b both", verifiers="v", special=(BOTH,)), PHONE, EMAIL)
    game.late("a", address(JANE))
    game.answer("b", MISS)
    assert [(q.provider, q.fields) for q in game.out] == [("both", (PHONE,)), ("v", (EMAIL,))]


def test_a_lane_that_is_closed_does_not_ride_along() -> None:
    game = Game(plan("a", phone="b one", special=(ONE_PRICE,)), EMAIL, PHONE)
    game.answer("a", address(JANE, DELIVERABLE))
    game.answer("b", MISS)
    assert game.asked[-1].fields == (PHONE,)


def test_a_lane_that_lacks_its_input_does_not_ride_along() -> None:
    needs = {EMAIL: (frozenset({"linkedin_url"}),), PHONE: (frozenset({"domain"}),), PERSONAL: ()}
    shared = type(BOTH)("both", needs, frozenset({EMAIL, PHONE}), one_price=True)
    alone = Contact(linkedin_url=SOMEBODY.linkedin_url)
    game = Game(plan("both", phone="both", special=(shared,)), EMAIL, PHONE, contact=alone)
    assert [question.fields for question in game.asked] == [(EMAIL,)]
    assert ("both", "skipped", "missing_input: domain") in game.trace


def test_a_vendor_silent_about_one_field_of_a_shared_call_has_failed_for_it() -> None:
    game = Game(plan("both", phone="both", special=(BOTH,)), EMAIL, PHONE)
    game.answer("both", {EMAIL: MISS})
    assert game.result(PHONE).failed
    assert not game.result(PHONE).answered
    assert game.trace == [("both", "missing", "not_found"), ("both", "failed", "malformed_response")]


def test_one_failure_of_a_shared_call_is_a_failure_for_each_lane() -> None:
    game = Game(plan("both", phone="both", special=(BOTH,)), EMAIL, PHONE)
    game.answer("both", DOWN)
    assert game.result(EMAIL).failed
    assert game.result(PHONE).failed
    assert len(game.attempts) == 2


# Deadlines


def test_at_its_deadline_a_lane_ends_with_the_best_that_it_has() -> None:
    game = Game(plan("a b"), accept_risky=True)
    game.answer("a", address(JANE, ACCEPT_ALL))
    game.waterfall.close(EMAIL)
    assert game.over
    assert game.result().values == (JANE,)


def test_at_its_deadline_a_lane_that_still_waits_has_a_failed_vendor() -> None:
    game = Game(plan("a b"))
    game.waterfall.close(EMAIL)
    assert game.over
    assert (game.result().failed, game.result().answered) == (True, False)
    assert game.ask() == []


def test_a_late_answer_is_recorded_and_not_accepted() -> None:
    game = Game(plan("a"))
    game.waterfall.close(EMAIL)
    game.late("a", address(JANE, DELIVERABLE))
    assert game.trace == [("a", "found", "late")]
    assert game.attempts[0].values == (JANE,)
    assert not game.attempts[0].accepted
    assert not game.result().found


def test_a_late_number_is_recorded_and_not_accepted() -> None:
    game = Game(plan(phone="a"), PHONE)
    game.waterfall.close(PHONE)
    game.late("a", Found((NUMBER,)))
    assert game.trace == [("a", "found", "late")]
    assert not game.result(PHONE).found


def test_a_late_verdict_is_recorded_and_changes_nothing() -> None:
    game = Game(plan("a", verifiers="v"))
    game.answer("a", address(JANE))
    game.waterfall.close(EMAIL)
    game.late("v", judged(DELIVERABLE))
    assert game.trace[-1] == ("v", "found", "late")
    assert not game.result().found


def test_closing_one_lane_leaves_the_others_open() -> None:
    game = Game(plan("a", phone="b"), EMAIL, PHONE)
    game.waterfall.close(EMAIL)
    assert game.waterfall.open_lanes == (PHONE,)


def test_closing_a_lane_twice_or_after_its_end_changes_nothing() -> None:
    game = Game(plan("a"))
    game.answer("a", address(JANE, DELIVERABLE))
    game.waterfall.close(EMAIL)
    assert game.result().values == (JANE,)


def test_questions_without_an_answer_in_time_have_their_lines() -> None:
    game = Game(plan("both", phone="both", special=(BOTH,)), EMAIL, PHONE)
    lines = game.waterfall.unanswered([(game.out[0], Timing(3.0, 25_000.0))])
    assert [(line.field, line.outcome, line.reason) for line in lines] == [
        (EMAIL, "failed", "deadline"),
        (PHONE, "failed", "deadline"),
    ]
    assert game.attempts == []


def test_a_miss_keeps_its_own_reason_and_price() -> None:
    game = Game(plan("a"))
    game.answer("a", Missing("opted_out", cost=0.5))
    assert game.trace == [("a", "missing", "opted_out")]
    assert game.attempts[0].vendor_cost == 0.5
