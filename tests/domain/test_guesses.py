"""Addresses that nobody returned: worth what a verifier makes of them, and nothing else."""

from headrace.domain.model import Guessed, Judged, Skipped
from tests.domain.builders import (
    ACCEPT_ALL,
    CONFIRMED,
    DELIVERABLE,
    DOWN,
    INVALID,
    JANE,
    JD,
    UNKNOWN,
    Game,
    address,
    plan,
)

GUESSES = Guessed((JANE, JD))


def verified(game: Game) -> list[str | None]:
    return [question.address for question in game.asked if question.address]


def test_guesses_are_verified_one_after_another_until_one_is_confirmed() -> None:
    game = Game(plan("own b", verifiers="v w"))
    game.answer("own", GUESSES)
    game.answer("v", Judged(INVALID))
    game.answer("v", Judged(DELIVERABLE))
    assert verified(game) == [JANE, JD]
    assert (game.result().values, game.result().provider) == ((JD,), "own")
    assert [line.accepted for line in game.attempts] == [False, False, True]


def test_what_no_verifier_can_tell_is_not_returned() -> None:
    game = Game(plan("own", verifiers="v w"), accept_risky=True)
    game.answer("own", GUESSES)
    for verifier, said in (("v", Judged(UNKNOWN)), ("w", DOWN), ("v", Judged(UNKNOWN)), ("w", DOWN)):
        game.answer(verifier, said)
    assert game.over
    assert not game.result().found
    assert (game.result().answered, game.result().failed) == (False, True)


def test_guesses_that_nobody_could_verify_are_no_answer() -> None:
    game = Game(plan("a own", verifiers="v"))
    game.answer("a", DOWN)
    game.answer("own", GUESSES)
    for said in (DOWN, Judged(UNKNOWN)):
        game.answer("v", said)
    assert game.over
    assert (game.result().answered, game.result().failed) == (False, True)


def test_guesses_that_a_verifier_refuted_are_an_answer() -> None:
    game = Game(plan("a own", verifiers="v"))
    game.answer("a", DOWN)
    game.answer("own", GUESSES)
    for _ in range(2):
        game.answer("v", Judged(INVALID))
    assert game.over
    assert game.result().answered


def test_guesses_without_a_verifier_do_not_answer_for_vendors_that_failed() -> None:
    game = Game(plan("a own"))
    game.answer("a", DOWN)
    game.answer("own", GUESSES)
    assert game.over
    assert (game.result().answered, game.result().failed) == (False, True)


def test_a_verifier_that_fails_says_nothing_against_who_returned_the_address() -> None:
    game = Game(plan("a", verifiers="v"))
    game.answer("a", address(JANE))
    game.answer("v", DOWN)
    assert game.over
    assert (game.result().answered, game.result().failed) == (True, False)


def test_where_everything_is_accepted_the_other_guesses_are_given_up() -> None:
    game = Game(plan("own", verifiers="v w"), accept_risky=True)
    game.answer("own", GUESSES)
    game.answer("v", Judged(ACCEPT_ALL))
    game.answer("w", Judged(ACCEPT_ALL))
    assert verified(game) == [JANE, JANE]
    assert game.over
    assert not game.result().found


def test_a_verifier_that_knows_better_confirms_a_guess_there() -> None:
    game = Game(plan("own", verifiers="v w"))
    game.answer("own", GUESSES)
    game.answer("v", Judged(ACCEPT_ALL))
    game.answer("w", Judged(CONFIRMED))
    assert game.result().values == (JANE,)


def test_without_a_verifier_guesses_come_to_nothing() -> None:
    game = Game(plan("own b"))
    game.answer("own", GUESSES)
    assert game.trace == [("own", "missing", "no_verifier")]
    game.answer("b", address(JANE, DELIVERABLE))
    assert game.result().provider == "b"


def test_a_vendor_that_returns_a_guess_has_found_it_and_is_no_second_source() -> None:
    game = Game(plan("own b c", verifiers="v"), accept_risky=True)
    game.answer("own", GUESSES)
    game.answer("v", Judged(ACCEPT_ALL))
    game.answer("b", address(JANE, ACCEPT_ALL))
    assert not game.over
    game.answer("c", DOWN)
    assert (game.result().values, game.result().provider) == ((JANE,), "b")


def test_what_was_looked_at_before_is_not_guessed_again() -> None:
    game = Game(plan("a own", verifiers="v"))
    game.answer("a", address(JANE, UNKNOWN))
    game.answer("v", Judged(INVALID))
    game.answer("own", Guessed((JANE,)))
    assert game.over
    assert game.trace[-1] == ("own", "missing", "already_tried")


def test_guesses_that_come_late_are_left() -> None:
    game = Game(plan("own", verifiers="v"))
    game.waterfall.close(game.asked[0].fields[0])
    game.late("own", GUESSES)
    assert game.trace == [("own", "missing", "late")]
    assert game.attempts[0].values == ()


def test_who_lacks_something_in_the_request_has_not_failed() -> None:
    game = Game(plan("own"))
    game.answer("own", Skipped("missing_input: domain", lacking=True))
    assert game.trace == [("own", "skipped", "missing_input: domain")]
    assert (game.result().failed, game.result().answered) == (False, False)


def test_the_trace_says_where_the_domain_is_from() -> None:
    game = Game(plan("own b", verifiers="v"))
    game.answer("own", Guessed((JANE,), from_company=True))
    assert game.trace == [("own", "found", "domain_from_company")]
