"""What is shared or remembered: its line in the trace, its provenance and its price."""

import pytest

from headrace.domain.model import Account, Failed, Found, Judged, Result, Skipped, Timing
from headrace.domain.pricing import PriceBook
from headrace.domain.waterfall import Answers
from tests.domain.builders import (
    ACCEPT_ALL,
    DELIVERABLE,
    EMAIL,
    JANE,
    MISS,
    PHONE,
    Game,
    address,
    plan,
)

THEN = 1_700_000_000.0
FRESH, SHARED = Timing(1.0, 2.0, 200), Timing(1.0, 2.0, 200, shared=True)
REUSED = Timing(1.0, 0.1, obtained_at=THEN)
PAID = Found((JANE,), DELIVERABLE, cost=2.0)


def answer(game: Game, outcome: Answers, timing: Timing) -> None:
    """Answer what is out, and put the next questions."""
    question = game.out.pop(0)
    game.waterfall.record(question, outcome, timing)
    game.ask()


@pytest.mark.parametrize(("timing", "cost"), [(FRESH, 2.0), (SHARED, 0.0), (REUSED, 0.0)])
@pytest.mark.parametrize("kind", ["found", "missing", "judged"])
def test_only_a_call_of_its_own_costs_at_the_vendor(timing: Timing, cost: float, kind: str) -> None:
    game = Game(plan("a", verifiers="v"))
    if kind == "judged":
        answer(game, address(JANE), FRESH)
    told: dict[str, Answers] = {
        "found": PAID,
        "missing": type(MISS)(cost=2.0),
        "judged": Judged(DELIVERABLE, cost=2.0),
    }
    answer(game, told[kind], timing)
    assert game.attempts[-1].vendor_cost == cost
    assert game.attempts[-1].timing is timing


@pytest.mark.parametrize("outcome", [Failed("timeout"), Skipped("breaker_open: bad_key")])
def test_a_shared_failure_is_a_failure(outcome: Answers) -> None:
    game = Game(plan("a b"))
    answer(game, outcome, SHARED)
    assert game.order == ["a", "b"]
    assert game.attempts[0].reason in ("timeout", "breaker_open: bad_key")


def test_a_remembered_value_says_since_when_it_is_known() -> None:
    game = Game(plan("a"))
    answer(game, PAID, REUSED)
    assert game.result() == Result(EMAIL, (JANE,), DELIVERABLE, "a", answered=True, obtained_at=THEN)
    assert game.result().reused


def test_remembered_numbers_too() -> None:
    game = Game(plan(phone="a"), PHONE)
    answer(game, Found(("+33 6 12 34 56 78",)), REUSED)
    assert (game.result(PHONE).values, game.result(PHONE).obtained_at) == (("+33612345678",), THEN)


@pytest.mark.parametrize("timing", [FRESH, SHARED])
def test_what_was_asked_for_now_is_known_since_now(timing: Timing) -> None:
    game = Game(plan("a"))
    answer(game, PAID, timing)
    assert not game.result().reused


def test_it_is_the_value_that_counts_and_not_who_confirmed_it() -> None:
    remembered, fresh = Game(plan("a", verifiers="v")), Game(plan("a", verifiers="v"))
    answer(remembered, address(JANE), REUSED)
    answer(remembered, Judged(DELIVERABLE), FRESH)
    answer(fresh, address(JANE), FRESH)
    answer(fresh, Judged(DELIVERABLE), REUSED)
    assert (remembered.result().reused, fresh.result().reused) == (True, False)


def test_who_gave_a_value_first_counts() -> None:
    game = Game(plan("a b"))
    answer(game, address(JANE, ACCEPT_ALL), FRESH)
    answer(game, address(JANE, DELIVERABLE), REUSED)
    assert (game.result().provider, game.result().reused) == ("a", False)


def test_a_risky_address_that_was_remembered_is_known_to_be() -> None:
    game = Game(plan("a"), accept_risky=True)
    answer(game, address(JANE, ACCEPT_ALL), REUSED)
    assert (game.result().values, game.result().obtained_at) == ((JANE,), THEN)


@pytest.mark.parametrize(
    ("share", "charged"), [(1.0, 3005), (0.5, 1502), (0.1, 300), (0.0, 0), (0.3333, 1002)]
)
def test_a_remembered_value_costs_its_share_in_whole_thousandths(share: float, charged: int) -> None:
    book = PriceBook({EMAIL: 3005, PHONE: 30_000}, reused=share)
    remembered = Result(EMAIL, (JANE,), provider="a", obtained_at=THEN)
    assert book.to_charge([remembered]) == charged
    assert book.to_charge([remembered, Result(PHONE, ("1",), provider="a")]) == charged + 30_000
    assert book.to_hold([EMAIL]) == 3005, "nobody knows yet what is remembered"


def test_the_share_is_of_the_price_with_that_vendor() -> None:
    book = PriceBook({EMAIL: 3000}, {("a", EMAIL): 1000}, reused=0.5)
    assert book.to_charge([Result(EMAIL, (JANE,), provider="a", obtained_at=THEN)]) == 500


def test_without_a_setting_it_costs_as_much() -> None:
    assert PriceBook({EMAIL: 3000}).to_charge([Result(EMAIL, (JANE,), obtained_at=THEN)]) == 3000


def test_an_account_remembers_nothing_unless_it_is_told_to() -> None:
    account = Account("1", "acme", 0, 0)
    assert (account.max_age, account.miss_max_age) == (0, 0)
