"""What to ask next, and when to stop.

A waterfall holds what is wanted, what was asked and what came back. It knows no clock and no network: the
engine carries out its questions and records the answers, with their times, as plain data. Each wanted field
is a lane; lanes run side by side and each stops at its first accepted value.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from headrace.domain import normalize
from headrace.domain.acceptance import Candidate, Decision, best_risky, decide, weigh
from headrace.domain.failures import Failure
from headrace.domain.model import (
    Attempt,
    Contact,
    Failed,
    Field,
    Found,
    Grade,
    Guessed,
    Judged,
    Missing,
    Needs,
    Outcome,
    Result,
    Skipped,
    Timing,
    Verdict,
)
from headrace.domain.plan import Plan, Question, Source
from headrace.domain.trace import SUPPRESSED, line_of, withhold

Answers = Outcome | Mapping[Field, Found | Missing | Failed | Skipped]
"""To a question for one field, or the same for all; or one answer each."""

_UNSAID = Failed(Failure.MALFORMED_RESPONSE)
"""A vendor that was asked for a field and says nothing about it has not said that there is nothing."""


class Lane(Struct):
    """The part of one enrichment that looks for one field. `served`: the vendors whom another lane has asked
    for this one too."""

    wanted: Field
    sources: list[Source]
    served: set[str] = field(default_factory=set)
    waiting_for: Question | None = None
    expected: list[Question] = field(default_factory=list)  # all that are out, other lanes' included
    closed: bool = False
    candidates: list[Candidate] = field(default_factory=list)
    result: Result | None = None
    answered: bool = False
    failed: bool = False
    rejected: bool = False

    @property
    def idle(self) -> bool:
        return not self.closed and self.waiting_for is None


class Waterfall:
    """One enrichment's questions and answers.

    `accept_risky` lets an unconfirmed address on an accept-all domain be returned when nothing better was
    found.
    """

    def __init__(
        self,
        contact: Contact,
        fields: tuple[Field, ...],
        plan: Plan,
        accept_risky: bool = False,
    ) -> None:
        self.contact = contact
        self.attempts: list[Attempt] = []
        self._accept_risky = accept_risky
        self._left_alone = False
        self._plan = plan
        self._verifiers = plan.verifiers
        self._rejected: set[str] = set()
        self._lanes = {wanted: Lane(wanted, list(plan.finders.get(wanted, ()))) for wanted in fields}

    @property
    def is_over(self) -> bool:
        """No lane is open any more."""
        return all(lane.closed for lane in self._lanes.values())

    @property
    def open_lanes(self) -> tuple[Field, ...]:
        return tuple(lane.wanted for lane in self._lanes.values() if not lane.closed)

    @property
    def results(self) -> dict[Field, Result]:
        """What each lane ended with; meaningful once no lane is open."""
        return {lane.wanted: lane.result or _empty(lane) for lane in self._lanes.values()}

    def questions(self, now_ms: float) -> list[Question]:
        """What to ask now: at most one question per idle lane. Lanes with nothing left to ask are closed."""
        asked: list[Question] = []
        for lane in self._lanes.values():
            if not lane.idle:
                continue
            question = self._to_verify(lane) or self._to_find(lane, now_ms)
            if question is None:
                # What another lane asked may still bring something for this one.
                lane.waiting_for = lane.waiting_for or next(iter(lane.expected), None)
                if lane.waiting_for is None:
                    self._close(lane)
                continue
            asked.append(question)
            lane.waiting_for = question
            for wanted in question.fields:
                self._lanes[wanted].expected.append(question)
        return asked

    def record(self, question: Question, outcome: Answers, timing: Timing) -> None:
        """Take in the answer to a question, also one that comes after its lane has closed."""
        self._ask_apart(question, _apart(question, outcome))
        for wanted in question.fields:
            lane = self._lanes[wanted]
            if question in lane.expected:
                lane.expected.remove(question)
            if lane.waiting_for is question:
                lane.waiting_for = None
            mine = outcome if isinstance(outcome, Outcome) else outcome.get(wanted, _UNSAID)
            attempt = line_of(wanted, question, mine, timing)
            self.attempts.append(attempt)
            if self._left_alone:
                withhold(attempt)
            else:
                self._take_in(lane, question, mine, attempt)

    def refuse(self, now_ms: float) -> None:
        """Nobody is to be asked about this person: each lane ends like one in which nothing was found."""
        for wanted in self._lanes:
            nobody = Question("suppression", (wanted,))
            self.attempts.append(line_of(wanted, nobody, Skipped(SUPPRESSED), Timing(now_ms)))
        self.leave_alone()

    def leave_alone(self) -> None:
        """The person turned out to be one who must be left alone: all lanes end empty-handed, and nothing
        that was found, or still comes, is kept."""
        self._left_alone = True
        for lane in self._lanes.values():
            lane.closed, lane.waiting_for, lane.candidates = True, None, []
            lane.result = Result(lane.wanted, answered=True)
        for attempt in self.attempts:
            withhold(attempt)

    def unanswered(self, questions: Iterable[tuple[Question, Timing]]) -> list[Attempt]:
        """Lines of the trace for questions whose answers did not come in time."""
        late = Failed(Failure.DEADLINE)
        return [
            line_of(wanted, question, late, timing)
            for question, timing in questions
            for wanted in question.fields
        ]

    def close(self, wanted: Field) -> None:
        """The lane's time is up: it ends with the best that it has."""
        lane = self._lanes[wanted]
        if not lane.closed:
            lane.failed = lane.failed or lane.waiting_for is not None
            self._close(lane)

    def _to_verify(self, lane: Lane) -> Question | None:
        for candidate in lane.candidates:
            verifier = self._next_verifier(candidate)
            if verifier:
                candidate.verifiers_asked.add(verifier)
                return Question(verifier, (lane.wanted,), address=candidate.value)
        return None

    def _has_to_verify(self, lane: Lane) -> bool:
        return any(self._next_verifier(candidate) for candidate in lane.candidates)

    def _next_verifier(self, candidate: Candidate) -> str | None:
        return next((name for name in self._verifiers if name not in candidate.verifiers_asked), None)

    def _to_find(self, lane: Lane, now_ms: float) -> Question | None:
        while lane.sources:
            source = lane.sources.pop(0)
            if source.name in lane.served:
                lane.waiting_for = next((out for out in lane.expected if out.provider == source.name), None)
                if lane.waiting_for:
                    return None
                continue
            lacking = _lacking(source.needs[lane.wanted], self.contact)
            if lacking is None:
                return Question(source.name, (lane.wanted, *self._ride_along(lane, source)))
            skipped = Question(source.name, (lane.wanted,))
            reason = Skipped(f"missing_input: {lacking}", lacking=True)
            self.attempts.append(line_of(lane.wanted, skipped, reason, Timing(now_ms)))
        return None

    def _ride_along(self, lane: Lane, source: Source) -> list[Field]:
        """Other lanes that the same call can serve: those about to ask this vendor anyway, and, where
        one price covers them, every open lane that would come to it later. Each keeps to its own order: it
        waits for the call once it comes to this vendor, and asks those before it in the meantime."""
        riders = []
        for other in self._lanes.values():
            if other is lane or other.closed or not {lane.wanted, other.wanted} <= source.together:
                continue
            if source not in other.sources or source.name in other.served:
                continue
            is_next = other.idle and other.sources[0] == source and not self._has_to_verify(other)
            if (source.one_price or is_next) and not _lacking(source.needs[other.wanted], self.contact):
                other.served.add(source.name)
                riders.append(other.wanted)
        return riders

    def _ask_apart(self, question: Question, fields: Iterable[Field]) -> None:
        """Each of these lanes that is still open asks the vendor for itself, at the turn that the vendor had
        in it."""
        for wanted in fields:
            lane, left = self._lanes[wanted], {source.name for source in self._lanes[wanted].sources}
            lane.served.discard(question.provider)
            lane.sources = [
                replace(source, together=frozenset()) if source.name == question.provider else source
                for source in self._plan.finders[wanted]
                if source.name in left or source.name == question.provider
            ]

    def _take_in(self, lane: Lane, question: Question, outcome: Outcome, attempt: Attempt) -> None:
        match outcome:
            case Missing(rejected=rejected):
                lane.answered = True
                lane.rejected = lane.rejected or rejected
            case Found() if lane.wanted is Field.PHONE:
                self._judge_phones(lane, question.provider, outcome, attempt)
            case Found():
                self._judge_address(lane, question.provider, outcome, attempt)
            case Guessed():
                self._consider(lane, question.provider, outcome, attempt)
            case Judged(verdict=verdict):
                self._hear_verifier(lane, question, verdict, attempt)
            case Skipped(lacking=True) | Skipped(apart=True):
                pass
            case Failed() | Skipped():
                # That nobody can judge an address says nothing against whoever returned it.
                lane.failed = (
                    lane.failed or question.address is None or self._is_guess(lane, question.address)
                )

    def _judge_phones(self, lane: Lane, provider: str, found: Found, attempt: Attempt) -> None:
        lane.answered = True
        from headrace.domain import phones  # noqa: PLC0415

        numbers, foreign = phones.usable(found.values, self.contact.phone_countries)
        attempt.values = numbers
        if not numbers:
            attempt.reason = "country_not_allowed" if foreign else "impossible_number"
        elif lane.closed:
            attempt.reason = "late"
        else:
            since = attempt.timing.obtained_at
            result = Result(lane.wanted, numbers, None, provider, answered=True, obtained_at=since)
            self._accept(lane, result, attempt)

    def _judge_address(self, lane: Lane, provider: str, found: Found, attempt: Attempt) -> None:
        value = normalize.address(found.values[0]) if found.values else None
        if value is None:
            lane.failed = True
            attempt.outcome, attempt.reason = "failed", Failure.MALFORMED_VALUE
            return
        lane.answered = True
        attempt.values = (value,)
        if value in self._rejected:
            lane.rejected = True
            attempt.reason = "already_rejected"
        elif lane.closed:
            attempt.reason = "late"
        else:
            candidate = self._candidate(lane, value, provider, attempt.timing.obtained_at)
            candidate.returned_by(provider, found, self._plan.witness(found.upstream or provider))
            self._act_on(lane, candidate, attempt)

    def _consider(self, lane: Lane, provider: str, guessed: Guessed, attempt: Attempt) -> None:
        """Guesses are verified one after the other; without a verifier they come to nothing. By themselves
        they are no answer: nobody has looked."""
        known = {*self._rejected, *(candidate.value for candidate in lane.candidates)}
        values = tuple(value for value in guessed.values if value not in known)
        if lane.closed or not self._verifiers or not values:
            attempt.outcome = "missing"
            attempt.reason = "late" if lane.closed else "already_tried" if self._verifiers else "no_verifier"
            return
        attempt.values = values
        lane.candidates += [Candidate(value, provider, guessed=True) for value in values]

    def _hear_verifier(self, lane: Lane, question: Question, verdict: Verdict, attempt: Attempt) -> None:
        attempt.values = (question.address or "",)
        candidate = next((kept for kept in lane.candidates if kept.value == question.address), None)
        if lane.closed or candidate is None:
            attempt.reason = "late"
            return
        lane.answered = lane.answered or verdict.grade is not Grade.UNKNOWN
        candidate.verdicts.append(verdict)
        self._act_on(lane, candidate, attempt)

    def _candidate(self, lane: Lane, value: str, provider: str, obtained_at: float | None) -> Candidate:
        for candidate in lane.candidates:
            if candidate.value == value:
                return candidate
        made = Candidate(value, provider, obtained_at)
        if twin := self._in_another_lane(lane, value):  # what it was told need not be asked for again
            made.verdicts += twin.verdicts
            made.verifiers_asked |= twin.verifiers_asked
        lane.candidates.append(made)
        return made

    def _in_another_lane(self, lane: Lane, value: str) -> Candidate | None:
        """The same address there, unless it is just being verified: equal questions are one call anyway."""
        others = (
            other
            for other in self._lanes.values()
            if other is not lane and not (other.waiting_for and other.waiting_for.address == value)
        )
        return next((kept for other in others for kept in other.candidates if kept.value == value), None)

    def _is_guess(self, lane: Lane, value: str) -> bool:
        return any(kept.guessed for kept in lane.candidates if kept.value == value)

    def _act_on(self, lane: Lane, candidate: Candidate, attempt: Attempt) -> None:
        verdict = weigh(candidate)
        decision = decide(verdict)
        if decision is Decision.ACCEPT:
            self._accept(lane, _result(lane, candidate, verdict), attempt)
        elif decision is Decision.REJECT:
            self._rejected.add(candidate.value)
            for holder in self._lanes.values():
                kept = [other for other in holder.candidates if other.value != candidate.value]
                holder.rejected = holder.rejected or len(kept) < len(holder.candidates)
                holder.candidates = kept
        else:
            attempt.reason = attempt.reason or verdict.reason
            if candidate.guessed and verdict.accept_all:
                # Where everything is accepted, the next guess would look just as good.
                kept = [other for other in lane.candidates if other is candidate or not other.guessed]
                lane.candidates = kept

    def _accept(self, lane: Lane, result: Result, attempt: Attempt) -> None:
        attempt.accepted = True
        lane.closed = True
        lane.result = result

    def _close(self, lane: Lane) -> None:
        lane.closed = True
        risky = best_risky(lane.candidates) if self._accept_risky and lane.wanted is Field.EMAIL else None
        lane.result = _result(lane, risky, weigh(risky)) if risky else _empty(lane)
        if risky:
            mine = (line for line in self.attempts if line.field is lane.wanted and line.kind == "find")
            for line in mine:
                line.accepted = line.provider == risky.provider and risky.value in line.values


def _apart(question: Question, outcome: Answers) -> Sequence[Field]:
    """For which of several fields the vendor may be asked alone, as what stood against asking for all of them
    need not stand against one: the credits that are left may pay for the cheaper one."""
    match outcome:
        case Failed(code=Failure.OUT_OF_CREDITS) | Skipped(apart=True) if len(question.fields) > 1:
            return question.fields
        case Mapping():
            return [wanted for wanted, one in outcome.items() if isinstance(one, Skipped) and one.apart]
    return ()


def _result(lane: Lane, taken: Candidate, verdict: Verdict) -> Result:
    return Result(
        lane.wanted, (taken.value,), verdict, taken.provider, answered=True, obtained_at=taken.obtained_at
    )


def _empty(lane: Lane) -> Result:
    return Result(lane.wanted, answered=lane.answered, failed=lane.failed, rejected=lane.rejected)


def _lacking(needs: Needs, contact: Contact) -> str | None:
    """What the contact would need for the nearest alternative; `None` when one is satisfied."""
    known = contact.traits
    for needed in needs:
        if needed <= known:
            return None
    gaps = sorted((needed - known for needed in needs), key=len)
    return ", ".join(sorted(gaps[0]))
