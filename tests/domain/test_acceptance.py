"""Evidence about an address becomes a verdict, and a verdict a decision."""

import random

import hypothesis.strategies as st
import pytest
from hypothesis import given

from headrace.domain.acceptance import Candidate, Decision, best_risky, decide, weigh
from headrace.domain.model import Found, Grade, Verdict
from tests.domain.builders import ACCEPT_ALL, CONFIRMED, DELIVERABLE, INVALID, JANE, ROLE, UNKNOWN

COARSE_NO = Verdict(Grade.INVALID, "not_verified", coarse=True)
UNSURE_OF_ALL = Verdict(Grade.UNKNOWN, "unknown", accept_all=True)

verdicts = st.builds(
    Verdict,
    st.sampled_from(Grade),
    st.sampled_from(["one", "two"]),
    accept_all=st.booleans(),
    coarse=st.booleans(),
)
sources = st.sets(st.sampled_from("abc"), min_size=1)


def candidate(*said: Verdict, by: set[str] | None = None) -> Candidate:
    return Candidate(JANE, "a", sources=by or {"a"}, verdicts=list(said))


@pytest.mark.parametrize(
    ("said", "by", "grade", "decision"),
    [
        ([], 1, Grade.UNKNOWN, Decision.KEEP),
        ([UNKNOWN], 1, Grade.UNKNOWN, Decision.KEEP),
        ([UNKNOWN], 3, Grade.UNKNOWN, Decision.KEEP),
        ([DELIVERABLE], 1, Grade.DELIVERABLE, Decision.ACCEPT),
        ([CONFIRMED], 1, Grade.CATCH_ALL, Decision.ACCEPT),
        ([INVALID], 1, Grade.INVALID, Decision.REJECT),
        ([ROLE], 1, Grade.RISKY, Decision.KEEP),
        ([ROLE], 2, Grade.RISKY, Decision.KEEP),
        ([ACCEPT_ALL], 1, Grade.RISKY, Decision.KEEP),
        ([ACCEPT_ALL], 2, Grade.CATCH_ALL, Decision.ACCEPT),
        ([UNSURE_OF_ALL], 2, Grade.CATCH_ALL, Decision.ACCEPT),
        ([ACCEPT_ALL, UNKNOWN], 1, Grade.RISKY, Decision.KEEP),
        ([ACCEPT_ALL, DELIVERABLE], 1, Grade.CATCH_ALL, Decision.ACCEPT),
        ([DELIVERABLE, ACCEPT_ALL], 1, Grade.CATCH_ALL, Decision.ACCEPT),
        ([UNKNOWN, DELIVERABLE], 1, Grade.DELIVERABLE, Decision.ACCEPT),
        ([ROLE, DELIVERABLE], 1, Grade.DELIVERABLE, Decision.ACCEPT),
        ([COARSE_NO], 1, Grade.INVALID, Decision.REJECT),
        ([DELIVERABLE, COARSE_NO], 1, Grade.INVALID, Decision.REJECT),
        ([ACCEPT_ALL, COARSE_NO], 1, Grade.RISKY, Decision.KEEP),
        ([COARSE_NO, UNSURE_OF_ALL], 1, Grade.UNKNOWN, Decision.KEEP),
        ([ACCEPT_ALL, COARSE_NO], 2, Grade.CATCH_ALL, Decision.ACCEPT),
        ([COARSE_NO, CONFIRMED], 1, Grade.CATCH_ALL, Decision.ACCEPT),
        ([ACCEPT_ALL, COARSE_NO, INVALID], 2, Grade.INVALID, Decision.REJECT),
        ([DELIVERABLE, INVALID], 3, Grade.INVALID, Decision.REJECT),
        ([CONFIRMED, INVALID], 3, Grade.INVALID, Decision.REJECT),
    ],
)
def test_what_is_said_decides(said: list[Verdict], by: int, grade: Grade, decision: Decision) -> None:
    verdict = weigh(candidate(*said, by=set("abc"[:by])))
    assert verdict.grade is grade
    assert decide(verdict) is decision


@given(st.lists(verdicts), sources, st.randoms())
def test_the_order_of_what_is_said_does_not_decide(
    said: list[Verdict], by: set[str], chance: random.Random
) -> None:
    shuffled = list(said)
    chance.shuffle(shuffled)
    assert weigh(candidate(*said, by=by)).grade is weigh(candidate(*shuffled, by=by)).grade


@given(st.lists(verdicts, min_size=1), sources, st.integers(0, 10))
def test_one_more_that_could_not_tell_changes_nothing(said: list[Verdict], by: set[str], place: int) -> None:
    more = [*said[:place], UNKNOWN, *said[place:]]
    before, after = weigh(candidate(*said, by=by)), weigh(candidate(*more, by=by))
    assert before.grade is after.grade
    assert before.grade is Grade.UNKNOWN or before == after


@given(st.lists(verdicts), sources)
def test_one_no_outweighs_everything(said: list[Verdict], by: set[str]) -> None:
    assert decide(weigh(candidate(*said, INVALID, by=by))) is Decision.REJECT


@given(st.lists(verdicts), sources)
def test_nothing_is_rejected_without_a_no_that_counts(said: list[Verdict], by: set[str]) -> None:
    rejected = decide(weigh(candidate(*said, by=by))) is Decision.REJECT
    accept_all = any(verdict.accept_all for verdict in said)
    noes = [verdict for verdict in said if verdict.grade is Grade.INVALID]
    assert rejected == any(not (accept_all and verdict.coarse) for verdict in noes)


@given(st.lists(verdicts), sources)
def test_deliverable_needs_somebody_who_said_so_and_nobody_who_saw_accept_all(
    said: list[Verdict], by: set[str]
) -> None:
    if weigh(candidate(*said, by=by)).grade is Grade.DELIVERABLE:
        assert any(verdict.grade is Grade.DELIVERABLE for verdict in said)
        assert not any(verdict.accept_all for verdict in said)


@given(st.lists(verdicts), sources)
def test_more_sources_never_make_an_address_worse(said: list[Verdict], by: set[str]) -> None:
    rank = [Decision.REJECT, Decision.KEEP, Decision.ACCEPT]
    fewer, more = decide(weigh(candidate(*said, by=by))), decide(weigh(candidate(*said, by=by | {"d", "e"})))
    assert rank.index(more) >= rank.index(fewer)


def test_the_first_reason_for_a_grade_is_the_one_that_is_given() -> None:
    first, second = Verdict(Grade.DELIVERABLE, "first"), Verdict(Grade.DELIVERABLE, "second")
    assert weigh(candidate(UNKNOWN, first, second)) == first


def test_whoever_found_it_counts_once() -> None:
    kept = candidate()
    kept.returned_by("b", Found((JANE,)), "a")
    assert kept.sources == {"a"}
    kept.returned_by("c", Found((JANE,)), "c")
    assert kept.sources == {"a", "c"}


def test_the_best_risk_is_the_first_and_never_an_unknown() -> None:
    unknown, first, second = candidate(UNKNOWN), candidate(ACCEPT_ALL), candidate(ROLE)
    assert best_risky([unknown, first, second]) is first
    assert best_risky([unknown]) is None
    assert best_risky([]) is None
