"""Evidence to verdict: the worked numbers, sources that share an upstream, and what each verdict means."""

import pytest

from headrace.domain.model import Grade, Thresholds, Verdict
from headrace.finder.combine import Evidence, chance, combine, dampened, neutral, of_verdict, prior
from headrace.finder.rates import Rates, Tally, Word

SURE = 1e9
"""So many observations that a source's rates are what was counted."""


def rates(**rows: tuple[float, float]) -> Rates:
    """Sources of known true and false positive rates, as learned from very many outcomes."""
    counts = {
        source.replace("__", " "): {
            "valid": Tally(tpr * SURE, fpr * SURE),
            "invalid": Tally((1 - tpr) * SURE, (1 - fpr) * SURE),
        }
        for source, (tpr, fpr) in rows.items()
    }
    return Rates(counts)


def said(source: str, word: Word, family: str = "") -> Evidence:
    return Evidence(source, word, f"{source}_{word}", family)


KNOWN = rates(one=(0.97, 0.05), two=(0.95, 0.08), special__accept_all=(0.85, 0.25))


@pytest.mark.parametrize(
    ("evidence", "before", "expected"),
    [
        ([said("one", Word.VALID)], 0.5, 0.951),
        ([said("one", Word.VALID), said("two", Word.VALID)], 0.5, 0.9957),
        ([said("one", Word.VALID), said("two", Word.INVALID)], 0.5, 0.513),
        ([said("smtp", Word.CATCH_ALL), said("special", Word.VALID)], 0.6, 0.836),
    ],
)
def test_the_worked_numbers(evidence: list[Evidence], before: float, expected: float) -> None:
    assert combine(evidence, before, KNOWN).exists == pytest.approx(expected, abs=0.0006)


def test_cannot_tell_moves_nothing() -> None:
    asked = [said("one", Word.VALID)]
    silent = [*asked, said("two", Word.UNKNOWN), said("three", Word.UNKNOWN)]
    assert combine(silent, 0.4, KNOWN).exists == combine(asked, 0.4, KNOWN).exists


def test_one_upstream_speaks_once() -> None:
    alone = combine([said("one", Word.VALID, "up")], 0.5, KNOWN).exists
    twice = combine([said("one", Word.VALID, "up"), said("two", Word.VALID, "up")], 0.5, KNOWN).exists
    apart = combine([said("one", Word.VALID), said("two", Word.VALID)], 0.5, KNOWN).exists
    assert alone < twice < apart
    # 1 -> 0.951 -> 19.4 * 11.875 ** 0.3
    assert twice == pytest.approx(19.4 * 11.875**0.3 / (1 + 19.4 * 11.875**0.3))


def test_the_strongest_of_a_family_counts_whatever_its_place() -> None:
    assert dampened([1.0, -4.0, 2.0], ["a", "a", "b"]) == [pytest.approx(0.3), -4.0, 2.0]


@pytest.mark.parametrize(
    ("evidence", "before", "grade", "reason"),
    [
        ([], 0.5, Grade.UNKNOWN, "not_verified"),
        ([], 0.97, Grade.UNKNOWN, "not_verified"),
        ([said("probe", Word.UNKNOWN)], 0.9, Grade.UNKNOWN, "probe_unknown"),
        ([said("finder", Word.FOUND)], 0.9, Grade.UNKNOWN, "not_verified"),
        ([said("headrace_probe", Word.VALID)], 0.3, Grade.DELIVERABLE, "headrace_probe_valid"),
        ([said("headrace_probe", Word.INVALID)], 0.9, Grade.INVALID, "headrace_probe_invalid"),
        ([said("dns", Word.INVALID), said("a", Word.VALID)], 0.5, Grade.INVALID, "dns_invalid"),
        ([said("syntax", Word.INVALID)], 0.97, Grade.INVALID, "syntax_invalid"),
        ([said("headrace_probe", Word.CATCH_ALL)], 0.4, Grade.RISKY, "headrace_probe_catch_all"),
        ([said("headrace_probe", Word.CATCH_ALL)], 0.95, Grade.RISKY, "headrace_probe_catch_all"),
        ([said("a", Word.CATCH_ALL), said("b", Word.FOUND)], 0.5, Grade.RISKY, "a_catch_all"),
        (
            [said("a", Word.CATCH_ALL), said("b", Word.FOUND), said("c", Word.FOUND)],
            0.5,
            Grade.CATCH_ALL,
            "b_found",
        ),
        ([said("a", Word.CATCH_ALL), said("findymail", Word.VALID)], 0.6, Grade.CATCH_ALL, "findymail_valid"),
        ([said("a", Word.CATCH_ALL), said("b", Word.INVALID)], 0.5, Grade.INVALID, "b_invalid"),
        ([said("a", Word.VALID), said("roles", Word.RISKY)], 0.5, Grade.RISKY, "roles_risky"),
        ([said("a", Word.VALID), said("b", Word.INVALID)], 0.5, Grade.RISKY, "verifiers_disagree"),
        ([said("a", Word.VALID)], 0.05, Grade.RISKY, "weak_evidence"),
    ],
)
def test_verdicts(evidence: list[Evidence], before: float, grade: Grade, reason: str) -> None:
    combined = combine(evidence, before)
    assert (combined.verdict.grade, combined.verdict.reason) == (grade, reason)
    assert (combined.bounce_probability is None) == (grade is Grade.UNKNOWN)


def test_what_moved_the_odds_is_listed() -> None:
    evidence = [said("one", Word.VALID), said("two", Word.INVALID), said("x", Word.UNKNOWN)]
    combined = combine(evidence, 0.5, KNOWN)
    (first, up), (second, down), (third, still) = combined.weights
    assert [first, second, third] == evidence
    assert up > 0 > down
    assert still == 0
    assert combined.bounce_probability == pytest.approx(1 - combined.exists)


def test_an_account_may_ask_for_more() -> None:
    evidence = [said("one", Word.VALID)]
    assert combine(evidence, 0.5, KNOWN).verdict.grade is Grade.DELIVERABLE
    careful = Thresholds(deliverable=0.98)
    assert combine(evidence, 0.5, KNOWN, careful).verdict.grade is Grade.RISKY


def test_extreme_evidence_stays_a_probability() -> None:
    every = [said(f"v{number}", Word.INVALID) for number in range(500)]
    assert 0.0 <= combine(every, 0.5).exists <= 0.001
    every = [said(f"v{number}", Word.VALID) for number in range(500)]
    assert 0.999 <= combine(every, 0.5).exists <= 1.0


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(Grade.DELIVERABLE, "ok"), [Word.VALID]),
        (Verdict(Grade.DELIVERABLE, "ok", accept_all=True), [Word.VALID, Word.CATCH_ALL]),
        (Verdict(Grade.CATCH_ALL, "seen_elsewhere", accept_all=True), [Word.VALID, Word.CATCH_ALL]),
        (Verdict(Grade.RISKY, "accept_all", accept_all=True), [Word.CATCH_ALL]),
        (Verdict(Grade.RISKY, "role"), [Word.RISKY]),
        (Verdict(Grade.INVALID, "no_mailbox"), [Word.INVALID]),
        (Verdict(Grade.UNKNOWN, "timeout"), [Word.UNKNOWN]),
    ],
)
def test_a_vendors_verdict_as_evidence(verdict: Verdict, words: list[Word]) -> None:
    evidence = of_verdict("vendor", verdict, "upstream")
    assert [piece.said for piece in evidence] == words
    assert {(piece.source, piece.family, piece.reason) for piece in evidence} == {
        ("vendor", "upstream", verdict.reason)
    }


def test_a_chance_is_what_the_verdict_rests_on() -> None:
    evidence = [said("one", Word.VALID, "up"), said("two", Word.INVALID), said("three", Word.CATCH_ALL, "up")]
    assert chance(evidence, 0.4, KNOWN) == combine(evidence, 0.4, KNOWN).exists


def test_the_habits_of_a_domain_move_what_is_held_of_a_vendors_address() -> None:
    assert neutral() == 0.5
    assert neutral(1 / 3) == pytest.approx(0.25)
    assert (neutral(0.0), neutral(1000.0)) == (0.05, 0.97)


def test_a_prior_never_settles_anything() -> None:
    assert prior(0.0) == 0.05
    assert prior(1.0, employed=1.0) == 0.97
    assert prior(0.5) == pytest.approx(0.46)
