"""What holds for every plan, every contact, every answer, and whatever order the answers come in."""

from collections import Counter
from dataclasses import dataclass, field

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
from headrace.domain.waterfall import Plan, Question, Source, Waterfall
from tests.domain.builders import (
    ACCEPT_ALL,
    BY_NAME,
    BY_PROFILE,
    CONFIRMED,
    DELIVERABLE,
    INVALID,
    ROLE,
    UNKNOWN,
    Answers,
)

ADDRESSES = ("jane@acme.example", "JANE@acme.example", "j.doe@acme.example", "doe@acme.example", "not one")
NUMBERS = ("+33612345678", "+442079460958", "06", "+33 6 12 34 56 78")
VERDICTS = (DELIVERABLE, CONFIRMED, ACCEPT_ALL, ROLE, INVALID, UNKNOWN)
NAMES = "abcd"
PROFILE = "https://www.linkedin.com/in/jane-doe/"

contacts = st.builds(
    Contact,
    first_name=st.sampled_from(["Jane", "Jane", None]),
    last_name=st.just("Doe"),
    company_name=st.sampled_from([None, "Acme"]),
    domain=st.sampled_from(["acme.example", None]),
    linkedin_url=st.sampled_from([PROFILE, PROFILE, PROFILE, None]),
    phone_countries=st.sampled_from([(), ("FR",), ("GB", "US")]),
)
fields = st.lists(st.sampled_from(Field), min_size=1, max_size=3, unique=True).map(tuple)
orders = st.permutations(NAMES)
lists_of_names = orders.flatmap(lambda names: st.sampled_from([names, names[:3], names[:2], []]))


needs = st.sampled_from(
    [
        dict.fromkeys(Field, BY_PROFILE),
        dict.fromkeys(Field, BY_NAME),
        {Field.EMAIL: BY_PROFILE + BY_NAME, Field.PERSONAL_EMAIL: BY_PROFILE, Field.PHONE: BY_NAME},
    ]
)
sharing = st.tuples(
    st.sampled_from([frozenset[Field](), frozenset({Field.EMAIL, Field.PHONE}), frozenset(Field)]),
    st.booleans(),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    vendors = {
        name: Source(
            name,
            draw(needs),
            *draw(sharing),
        )
        for name in NAMES
    }
    finders = {wanted: tuple(vendors[name] for name in draw(lists_of_names)) for wanted in Field}
    return Plan(finders, tuple(draw(st.lists(st.sampled_from("avw"), max_size=3, unique=True))))


verdicts = st.sampled_from(VERDICTS)
failures = st.one_of(st.just(Failed("timeout")), st.just(Skipped("busy")))


def finds(wanted: Field) -> st.SearchStrategy[Found | Missing | Failed]:
    values = st.lists(st.sampled_from(NUMBERS if wanted is Field.PHONE else ADDRESSES), max_size=3).map(tuple)
    found = st.builds(
        Found,
        values,
        st.none() if wanted is Field.PHONE else st.none() | verdicts,
        upstream=st.sampled_from([None, "a", "z"]),
    )
    return st.one_of(found, st.just(Missing()), st.just(Failed("server_error")))


def answers(question: Question) -> st.SearchStrategy[Answers]:
    """Anything that the engine may hand back for a question."""
    if question.address:
        return st.one_of(st.builds(Judged, verdicts), failures)
    if len(question.fields) == 1:
        return st.one_of(finds(question.fields[0]), failures)
    each = st.fixed_dictionaries({}, optional={wanted: finds(wanted) for wanted in question.fields})
    each = st.one_of(each, st.fixed_dictionaries({wanted: finds(wanted) for wanted in question.fields}))
    return st.one_of(each, failures)


@dataclass
class Story:
    """One enrichment as it went."""

    waterfall: Waterfall
    asked: list[Question] = field(default_factory=list)
    returned: dict[Field, set[str]] = field(default_factory=lambda: {wanted: set() for wanted in Field})
    rejected: set[str] = field(default_factory=set)
    evidence: dict[str, set[Grade]] = field(default_factory=dict)
    deadlines: set[Field] = field(default_factory=set)
    accepted_when_closed: int = 0

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


@st.composite
def stories(draw: st.DrawFn, with_deadlines: bool = True) -> Story:
    """Plays an enrichment to its end: answers come in any order, lanes may be closed at any time."""
    wanted = draw(fields)
    story = Story(Waterfall(draw(contacts), wanted, draw(plans()), draw(st.booleans())))
    waterfall, out = story.waterfall, list[Question]()
    for _ in range(200):
        open_before = waterfall.open_lanes
        new = waterfall.questions(0.0)
        assert set(waterfall.open_lanes) <= set(open_before)
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
        if with_deadlines and waterfall.open_lanes and draw(st.integers(0, 15)) == 0:
            lane = draw(st.sampled_from(waterfall.open_lanes))
            waterfall.close(lane)
            story.deadlines.add(lane)
        question = out.pop(draw(st.integers(0, len(out) - 1)))
        answer = draw(answers(question))
        closed = [lane for lane in wanted if lane not in waterfall.open_lanes]
        before, known = {lane: waterfall.results[lane] for lane in closed}, len(waterfall.attempts)
        waterfall.record(question, answer, Timing(0.0))
        story.hear(question, answer)
        accepted = {value for line in waterfall.attempts[known:] if line.accepted for value in line.values}
        assert not accepted & story.rejected
        story.rejected |= waterfall._rejected
        assert all(waterfall.results[lane].values == result.values for lane, result in before.items())
        story.accepted_when_closed += sum(
            line.accepted and line.field in closed for line in waterfall.attempts[known:]
        )
    assert not out
    assert not waterfall.open_lanes
    return story


@given(stories())
@settings(max_examples=100, deadline=None)
def test_nobody_is_asked_twice_for_the_same(story: Story) -> None:
    finding = Counter((q.provider, wanted) for q in story.asked if not q.address for wanted in q.fields)
    verifying = Counter((q.provider, q.address, q.fields) for q in story.asked if q.address)
    assert max([*finding.values(), *verifying.values()], default=0) <= 1


@given(stories())
@settings(max_examples=100, deadline=None)
def test_every_question_has_one_line_for_each_field_and_every_line_its_question(story: Story) -> None:
    asked = Counter((q.provider, wanted, bool(q.address)) for q in story.asked for wanted in q.fields)
    lines = [line for line in story.waterfall.attempts if not (line.reason or "").startswith("missing_input")]
    assert Counter((line.provider, line.field, line.kind == "verify") for line in lines) == asked


@given(stories())
@settings(max_examples=50, deadline=None)
def test_every_line_that_is_no_find_says_why(story: Story) -> None:
    for line in story.waterfall.attempts:
        assert line.outcome in ("found", "missing", "failed", "skipped")
        assert line.reason or line.outcome == "found"


@given(stories())
@settings(max_examples=100, deadline=None)
def test_what_is_accepted_was_returned_for_that_field_and_never_rejected_before(story: Story) -> None:
    for wanted, result in story.waterfall.results.items():
        if wanted is Field.PHONE:
            assert all(number.startswith("+") for number in result.values)
        else:
            assert set(result.values) <= story.returned[wanted]
        lines = [line for line in story.waterfall.attempts if line.field is wanted and line.accepted]
        assert all(line.reason not in ("late", "already_rejected") for line in lines)


@given(stories())
@settings(max_examples=100, deadline=None)
def test_a_found_field_has_one_accepted_line_or_is_a_risk_that_was_allowed(story: Story) -> None:
    for wanted, result in story.waterfall.results.items():
        accepted = [line for line in story.waterfall.attempts if line.field is wanted and line.accepted]
        risky = result.verdict is not None and result.verdict.grade is Grade.RISKY
        if risky:
            assert story.waterfall._accept_risky
            assert wanted is Field.EMAIL
        assert len(accepted) == (result.found and not risky)
        assert all(set(line.values) == set(result.values) for line in accepted)
        assert bool(result.provider) is result.found
    assert story.accepted_when_closed == 0


@given(stories())
@settings(max_examples=100, deadline=None)
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


@given(stories(with_deadlines=False))
@settings(max_examples=50, deadline=None)
def test_a_lane_that_found_nothing_has_asked_everybody_it_could(story: Story) -> None:
    for wanted, result in story.waterfall.results.items():
        if result.found:
            continue
        lane = story.waterfall._lanes[wanted]
        assert not lane.sources
        assert not lane.expected
        assert all(story.waterfall._next_verifier(kept) is None for kept in lane.candidates)


@given(stories())
@settings(max_examples=50, deadline=None)
def test_a_miss_is_claimed_only_by_lanes_that_somebody_answered(story: Story) -> None:
    for wanted, result in story.waterfall.results.items():
        mine = [line for line in story.waterfall.attempts if line.field is wanted and line.kind == "find"]
        spoke = any(line.outcome in ("found", "missing") for line in mine)
        assert spoke or not result.answered
        if not mine:
            assert not result.failed or wanted in story.deadlines
