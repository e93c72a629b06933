"""What became of addresses: a bounce or a delivery that is reported teaches who was right about it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from headrace.domain import identity
from headrace.domain.identity import Identifier
from headrace.domain.model import Field, Grade
from headrace.engine.own.confidence import Confidence, is_guess
from headrace.engine.own.knowing import Knowing, Lesson
from headrace.engine.subjects import text
from headrace.finder.hearsay import first_words
from headrace.finder.rates import Heard
from headrace.operate.ports import Judgement, OutcomeBook
from headrace.ports import Clock
from headrace.record import AttemptRecord, EnrichmentRecord, ValueRecord, request_of

MOST = 1_000
"""Outcomes in one report."""

BOUNCED, DELIVERED = "bounced", "delivered"

_TAUGHT = (Grade.DELIVERABLE, Grade.CATCH_ALL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of mail to an address."""

    email: str
    outcome: Literal["bounced", "delivered"]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many were counted; of how many no kept enrichment has returned the address; how many had been
    reported before."""

    counted: int = 0
    unknown: int = 0
    repeated: int = 0

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(
            self.counted + other.counted, self.unknown + other.unknown, self.repeated + other.repeated
        )


class OutcomeDesk:
    """Takes outcomes in. `catch_up`: writes down what this process has learned so far. `confidence`: by the
    rates in force."""

    def __init__(
        self,
        book: OutcomeBook,
        knowing: Knowing,
        catch_up: Callable[[], Awaitable[None]],
        confidence: Confidence,
        clock: Clock,
    ) -> None:
        self._book = book
        self._knowing = knowing
        self._catch_up = catch_up
        self._confidence = confidence
        self._clock = clock

    async def report(self, outcomes: Sequence[Outcome], actor: str) -> Counted:
        """Raises `Problem(storage_unavailable)`; then it may be sent again, as nothing counts twice."""
        judged: list[Judgement] = []
        lessons: list[list[Lesson]] = []
        for each in outcomes:
            known = identity.of_address(each.email)
            records = _returning(known, await self._book.records(text(known))) if known else []
            if known and records:
                judged.append(self._judgement(known, records, each.outcome == DELIVERED))
                lessons.append([] if each.outcome == DELIVERED else self._lessons(records))
        counted = await self._book.count(judged, actor)
        for to_forget, is_new in zip(lessons, counted, strict=True):
            if is_new:
                await self._unlearn(to_forget)
        return Counted(sum(counted), len(outcomes) - len(judged), len(judged) - sum(counted))

    def _judgement(self, known: Identifier, records: Sequence["_Returned"], delivered: bool) -> Judgement:
        """Of each source one word, the latest; what would be stated of the address today."""
        words: dict[str, Heard] = {}
        for each in records:
            said = self._confidence.evidence(each.address, each.lines, each.accept_all)
            for source, piece in first_words(said).items():
                words.setdefault(source, (source, piece.said, each.accept_all))
        return Judgement(text(known), delivered, self._stated(records[0]), tuple(words.values()))

    def _stated(self, latest: "_Returned") -> float | None:
        if latest.field is not Field.EMAIL:
            return None
        said = self._confidence.evidence(latest.address, latest.lines, latest.accept_all)
        guessed = is_guess(latest.result.provider or "", latest.lines)
        contact = request_of(latest.record).contact
        return self._confidence.state(latest.address, said, contact, guessed=guessed)

    def _lessons(self, records: Sequence["_Returned"]) -> list[Lesson]:
        """What the address has taught about its domain: once, when it was found first."""
        taught: dict[str, Lesson] = {}
        for each in records:
            request, (local, _, domain) = each.record.request, each.address.rpartition("@")
            reused = any(line.accepted and line.reused is True for line in each.lines)
            if each.result.verdict in _TAUGHT and request.first_name and request.last_name and not reused:
                weight = 1.0 if each.result.confidence is None else each.result.confidence
                at = self._clock.wall()
                lesson = Lesson(request.first_name, request.last_name, local, domain, -weight, at)
                taught[each.address] = lesson  # the records come newest first
        return list(taught.values())

    async def _unlearn(self, lessons: Sequence[Lesson]) -> None:
        if lessons:
            await self._catch_up()  # with what is taken back now
        for lesson in lessons:
            if await self._knowing.of(lesson.domain):
                await self._knowing.learn(lesson)


@dataclass(frozen=True, slots=True)
class _Returned:
    """An enrichment that returned an address, and the part of it that is about this address."""

    record: EnrichmentRecord
    field: Field
    result: ValueRecord
    lines: Sequence[AttemptRecord]

    @property
    def address(self) -> str:
        return self.result.values[0]

    @property
    def accept_all(self) -> bool:
        return self.result.verdict in (Grade.CATCH_ALL, Grade.RISKY)


def _returning(known: Identifier, records: Sequence[EnrichmentRecord]) -> list[_Returned]:
    found = []
    for record in records:
        for wanted in (Field.EMAIL, Field.PERSONAL_EMAIL):
            result = record.results.get(wanted)
            if result and result.values and identity.of_address(result.values[0]) == known:
                lines = [line for line in record.attempts if line.field == wanted and line.outcome == "found"]
                found.append(_Returned(record, wanted, result, lines))
    return found
