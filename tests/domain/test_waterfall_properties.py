"""What holds for every plan, every contact, every answer, and whatever order the answers come in."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

import hypothesis.strategies as st
from hypothesis import given, settings

from headrace.domain.model import (
    Contact,
    Failed,
    Field,
    Found,
    Grade,
    Judged,
    Missing,
    Skipped,
    Timing,
    Verdict,
)
from headrace.domain.plan import Plan, Question, Source
from headrace.domain.waterfall import Answers, Waterfall
from tests.domain.builders import (
    ACCEPT_ALL,
    BY_NAME,
    BY_PROFILE,
    CONFIRMED,
    DELIVERABLE,
    INVALID,
    ROLE,
    UNKNOWN,
)

ADDRESSES = ("jane@acme.example", "JANE@acme.example", "j.doe@acme.example", "doe@acme.example", "not one")
NUMBERS = ("+33612345678", "+442079460958", "06", "+33 6 12 34 56 78")
VERDICTS = (DELIVERABLE, CONFIRMED, ACCEPT_ALL, ROLE, INVALID, UNKNOWN)
NAMES = "abcd"
PROFILE = "https://www.linkedin.com/in/jane-doe/"


def contact(chance: Random) -> Contact:
    return Contact(
        first_name=chance.choice(["Jane", "Jane", "Jane", None]),
        last_name="Doe",
        company_name=chance.choice(["Acme", None]),
        domain=chance.choice(["acme.example", None]),
        linkedin_url=chance.choice([PROFILE, PROFILE, PROFILE, None]),
        phone_countries=chance.choice([(), ("FR",), ("GB", "US")]),
    )


def plan(chance: Random) -> Plan:
    needs = (
        dict.fromkeys(Field, BY_PROFILE),
        dict.fromkeys(Field, BY_NAME),
        {Field.EMAIL: BY_PROFILE + BY_NAME, Field.PERSONAL_EMAIL: BY_PROFILE, Field.PHONE: BY_NAME},
    )
    together = (frozenset[Field](), frozenset({Field.EMAIL, Field.PHONE}), frozenset(Field))
    vendors = [
        Source(name, chance.choice(needs), chance.choice(together), chance.random() < 0.5) for name in NAMES
    ]
    finders = {wanted: tuple(chance.sample(vendors, chance.randint(0, 4))) for wanted in Field}
    return Plan(finders, tuple(chance.sample("avw", chance.randint(0, 3))))


def find(chance: Random, wanted: Field) -> Found | Missing | Failed:
    what = chance.random()
    if what < 0.25:
        return Missing() if what < 0.15 else Failed("server_error")
    known = NUMBERS if wanted is Field.PHONE else ADDRESSES
    values = tuple(chance.choices(known, k=chance.choice([0, 1, 1, 1, 1, 2, 3])))
    verdict = None if wanted is Field.PHONE else chance.choice([None, *VERDICTS])
    return Found(values, verdict, upstream=chance.choice([None, None, "a", "z"]))


def answer_to(question: Question, chance: Random) -> Answers:
    """Anything that the engine may hand back for a question."""
    if chance.random() < 0.1:
        return Failed("timeout") if chance.random() < 0.5 else Skipped("busy")
    if question.address:
        return Judged(chance.choice(VERDICTS))
    if len(question.fields) == 1:
        return find(chance, question.fields[0])
    return {wanted: find(chance, wanted) for wanted in question.fields if chance.random() < 0.9}


@dataclass
class Story:
    """One enrichment as it went."""

    waterfall: Waterfall
    asked: list[Question] = field(default_factory=list)
    returned: dict[Field, set[str]] = field(default_factory=lambda: {wanted: set() for wanted in Field})
    rejected: set[str] = field(default_factory=set)
    evidence: dict[str, set[Grade]] = field(default_factory=dict)
    deadlines: set[Field] = field(default_factory=set)

    def take_in(self, question: Question, answer: Answers) -> None:
        """Record an answer, and see that nothing is accepted or changed that must not be."""
        waterfall, known = self.waterfall, len(self.waterfall.attempts)
        closed = {
            lane: result for lane, result in waterfall.results.items() if lane not in waterfall.open_lanes
        }
        waterfall.record(question, answer, Timing(0.0))
        self.hear(question, answer)
        new = waterfall.attempts[known:]
        accepted = {value for line in new if line.accepted for value in line.values}
        assert not accepted & self.rejected
        assert not any(line.accepted and line.field in closed for line in new)
        assert all(waterfall.results[lane] == result for lane, result in closed.items())
        self.rejected |= waterfall._rejected

    def hear(self, question: Question, answer: Answers) -> None:
        """Keep the books that the waterfall's own are compared with."""
        if isinstance(answer, Judged) and question.address:
            self._grade(question.address, answer.verdict)
        told = answer if isinstance(answer, dict) else dict.fromkeys(question.fields, answer)
        for wanted, each in told.items():
            if isinstance(each, Found) and each.values:
                self.returned[wanted] |= {value.strip().lower() for value in each.values}
                if wanted.is_address:
                    self._grade(each.values[0].lower(), each.verdict)

    def _grade(self, address: str, verdict: Verdict | None) -> None:
        if verdict:
            self.evidence.setdefault(address, set()).add(verdict.grade)


def tell(seed: int, with_deadlines: bool = True) -> Story:
    """Plays an enrichment to its end: answers come in any order, lanes may be closed at any time."""
    chance = Random(seed)
    wanted = tuple(chance.sample(list(Field), chance.randint(1, 3)))
    story = Story(Waterfall(contact(chance), wanted, plan(chance), chance.random() < 0.5))
    waterfall, out = story.waterfall, list[Question]()
    for _ in range(200):
        open_before = waterfall.open_lanes
        new = waterfall.questions(0.0)
        assert set(waterfall.open_lanes) <= set(open_before)
        given_up = set(open_before) - set(waterfall.open_lanes)
        assert not given_up & {lane for question in out for lane in question.fields}
        for question in new:
            assert set(question.fields) <= set(open_before)
            assert question.address not in story.rejected
        story.asked += new
        out += new
        on_behalf_of = Counter(question.fields[0] for question in out if question.fields[0] in open_before)
        assert not on_behalf_of or max(on_behalf_of.values()) == 1
        assert waterfall.open_lanes or not new
        if not out:
            break
        if with_deadlines and waterfall.open_lanes and chance.random() < 0.05:
            lane = chance.choice(waterfall.open_lanes)
            waterfall.close(lane)
            story.deadlines.add(lane)
        question = out.pop(chance.randrange(len(out)))
        story.take_in(question, answer_to(question, chance))
    assert not out
    assert not waterfall.open_lanes
    return story


seeds = st.integers(0, 2**32)
stories = seeds.map(tell)


def test_the_stories_tell_of_everything_that_can_happen() -> None:
    """Else the properties below would hold for want of cases."""
    told = [tell(seed) for seed in range(1500)]
    lines = [line for story in told for line in story.waterfall.attempts]
    seen = Counter((line.reason or "").partition(":")[0] for line in lines)
    for reason in ("late", "already_rejected", "missing_input", "country_not_allowed", "malformed_value"):
        assert seen[reason] > 10
    grades = [result.verdict.grade for s in told for result in s.waterfall.results.values() if result.verdict]
    assert min(grades.count(grade) for grade in (Grade.DELIVERABLE, Grade.CATCH_ALL, Grade.RISKY)) > 10
    assert sum(len(question.fields) > 1 for story in told for question in story.asked) > 50
    assert sum(bool(story.rejected) for story in told) > 50


@given(stories)
@settings(max_examples=600, deadline=None)
def test_nobody_is_asked_twice_for_the_same(story: Story) -> None:
    finding = Counter((q.provider, wanted) for q in story.asked if not q.address for wanted in q.fields)
    verifying = Counter((q.provider, q.address, q.fields) for q in story.asked if q.address)
    assert max([*finding.values(), *verifying.values()], default=0) <= 1


@given(stories)
@settings(max_examples=600, deadline=None)
def test_every_question_has_one_line_for_each_field_and_every_line_its_question(story: Story) -> None:
    asked = Counter((q.provider, wanted, bool(q.address)) for q in story.asked for wanted in q.fields)
    lines = [line for line in story.waterfall.attempts if not (line.reason or "").startswith("missing_input")]
    assert Counter((line.provider, line.field, line.kind == "verify") for line in lines) == asked


@given(stories)
@settings(max_examples=300, deadline=None)
def test_every_line_that_is_no_find_says_why(story: Story) -> None:
    for line in story.waterfall.attempts:
        assert line.outcome in ("found", "missing", "failed", "skipped")
        assert line.reason or line.outcome == "found"


@given(stories)
@settings(max_examples=600, deadline=None)
def test_what_is_accepted_was_returned_for_that_field_and_never_rejected_before(story: Story) -> None:
    for wanted, result in story.waterfall.results.items():
        if wanted is Field.PHONE:
            assert all(number.startswith("+") for number in result.values)
        else:
            assert set(result.values) <= story.returned[wanted]
        lines = [line for line in story.waterfall.attempts if line.field is wanted and line.accepted]
        assert all(line.reason not in ("late", "already_rejected") for line in lines)


@given(stories)
@settings(max_examples=600, deadline=None)
def test_a_found_field_has_one_accepted_line_and_a_risk_was_allowed(story: Story) -> None:
    for wanted, result in story.waterfall.results.items():
        accepted = [line for line in story.waterfall.attempts if line.field is wanted and line.accepted]
        risky = result.verdict is not None and result.verdict.grade is Grade.RISKY
        if risky:
            assert story.waterfall._accept_risky
            assert wanted is Field.EMAIL
        assert len(accepted) == result.found
        assert all(set(line.values) == set(result.values) for line in accepted)
        assert bool(result.provider) is result.found


@given(stories)
@settings(max_examples=600, deadline=None)
def test_no_grade_comes_from_nothing(story: Story) -> None:
    """Deliverable needs somebody who said so; confirmed on an accept-all domain, somebody who saw that."""
    for wanted, result in story.waterfall.results.items():
        if wanted is Field.PHONE or not result.found:
            continue
        said = story.evidence.get(result.values[0], set())
        assert result.verdict
        assert result.verdict.grade in (Grade.DELIVERABLE, Grade.CATCH_ALL, Grade.RISKY)
        assert said - {Grade.UNKNOWN}
        if result.verdict.grade is Grade.DELIVERABLE:
            assert Grade.DELIVERABLE in said


@given(seeds.map(lambda seed: tell(seed, with_deadlines=False)))
@settings(max_examples=300, deadline=None)
def test_a_lane_that_found_nothing_has_asked_everybody_it_could(story: Story) -> None:
    for wanted, result in story.waterfall.results.items():
        if result.found:
            continue
        lane = story.waterfall._lanes[wanted]
        assert not lane.sources
        assert not lane.expected
        assert all(story.waterfall._next_verifier(kept) is None for kept in lane.candidates)


@given(stories)
@settings(max_examples=300, deadline=None)
def test_a_miss_is_claimed_only_by_lanes_that_somebody_answered(story: Story) -> None:
    for wanted, result in story.waterfall.results.items():
        mine = [line for line in story.waterfall.attempts if line.field is wanted and line.kind == "find"]
        spoke = any(line.outcome in ("found", "missing") for line in mine)
        assert spoke or not result.answered
        if not mine:
            assert not result.failed or wanted in story.deadlines
