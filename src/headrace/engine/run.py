"""Carries out a waterfall's questions within the deadlines."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from headrace.domain.model import (
    VERIFY,
    Attempt,
    Failed,
    Field,
    Found,
    Grade,
    Judged,
    Missing,
    Outcome,
    Skipped,
    Timing,
    Verdict,
)
from headrace.domain.waterfall import Question, Waterfall
from headrace.engine.converse import Reply, Told, converse
from headrace.engine.guard import Guard
from headrace.engine.stopwatch import Stopwatch
from headrace.engine.vendor import Vendor
from headrace.ports import Clock, Transport
from headrace.providers.base import Conversation, Verifies

_TRUSTED = Verdict(Grade.DELIVERABLE, "trusted_provider")

Answers = Outcome | Mapping[Field, Found | Missing | Failed]


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds from the start of an enrichment."""

    lanes: Mapping[Field, float]
    total: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every run of a process shares."""

    vendors: Mapping[str, Vendor]
    guard: Guard
    transport: Transport
    clock: Clock
    deadlines: Deadlines


class Run:
    """One enrichment under way."""

    def __init__(self, waterfall: Waterfall, surroundings: Surroundings) -> None:
        self.waterfall = waterfall
        self.stopwatch = Stopwatch(surroundings.clock)
        self.sandbox = False
        self._around = surroundings
        self._began = surroundings.clock.monotonic()
        self._answers: asyncio.Queue[tuple[Question, Answers, Timing] | None] = asyncio.Queue()
        self._out: dict[Question, float] = {}  # put and not yet recorded -> when
        self._asking: set[asyncio.Task[None]] = set()
        limits = surroundings.deadlines
        self._deadlines = {
            lane: self._began + min(limits.lanes[lane], limits.total) for lane in waterfall.open_lanes
        }

    @property
    def elapsed_ms(self) -> float:
        return (self._around.clock.monotonic() - self._began) * 1000

    async def until_answered(self) -> None:
        """Returns when every lane has ended. Each answer goes back to the waterfall on its own; questions
        still out at a lane's deadline are left running (see `until_silent`)."""
        while True:
            for question in self.waterfall.questions(self.elapsed_ms):
                self._out[question] = self.elapsed_ms
                task = asyncio.create_task(self._ask(question))
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            open_lanes = self.waterfall.open_lanes
            if not open_lanes:
                return
            await self._take_in_one(min(self._deadlines[lane] for lane in open_lanes))

    @property
    def outstanding(self) -> bool:
        """Whether answers are still to be taken in."""
        return bool(self._out)

    async def until_silent(self) -> None:
        """Take in what arrives after the end: a vendor that was asked may have been paid, so its answer
        is worth recording."""
        if self._asking:
            await asyncio.wait(self._asking)
        while not self._answers.empty():
            self._record(self._answers.get_nowait())

    def hurry(self, seconds: float) -> None:
        """End within `seconds` from now: the process is stopping."""
        at = self._around.clock.monotonic() + seconds
        self._deadlines = {lane: min(at, deadline) for lane, deadline in self._deadlines.items()}
        self._answers.put_nowait(None)

    @property
    def attempts(self) -> list[Attempt]:
        """The trace so far, with a line for each question that is still out."""
        now = self.elapsed_ms
        late = [(question, Timing(started, now - started)) for question, started in self._out.items()]
        return (
            [*self.waterfall.attempts, *self.waterfall.unanswered(late)] if late else self.waterfall.attempts
        )

    async def _take_in_one(self, deadline: float) -> None:
        wait = deadline - self._around.clock.monotonic()
        try:
            async with asyncio.timeout(max(wait, 0)):
                self._record(await self._answers.get())
        except TimeoutError:
            now = self._around.clock.monotonic()
            for lane in self.waterfall.open_lanes:
                if self._deadlines[lane] <= now:
                    self.waterfall.close(lane)

    def _record(self, answer: tuple[Question, Answers, Timing] | None) -> None:
        if answer is not None:
            self._out.pop(answer[0], None)
            self.waterfall.record(*answer)

    async def _ask(self, question: Question) -> None:
        started = self.elapsed_ms
        vendor = self._around.vendors[question.provider]
        refused = await self._around.guard.enter(vendor.name, question.capability)
        if refused:
            self._answers.put_nowait((question, Skipped(refused), Timing(started, self.elapsed_ms - started)))
            return
        reply = await self._converse(vendor, question)
        self.sandbox = self.sandbox or reply.sandbox
        timing = Timing(started, self.elapsed_ms - started, reply.http_status)
        self._answers.put_nowait((question, _as_answers(reply.told, vendor), timing))

    async def _converse(self, vendor: Vendor, question: Question) -> Reply:
        guard, capability = self._around.guard, question.capability
        try:
            talk = _conversation(vendor, question, self.waterfall)
            reply = await converse(vendor, talk, self._around.transport, self.stopwatch)
        except BaseException:
            guard.abandon(vendor.name, capability)
            raise
        guard.leave(vendor.name, capability, reply.failure, reply.retry_after)
        return reply


def _conversation(vendor: Vendor, question: Question, waterfall: Waterfall) -> Conversation[Told]:
    adapter = vendor.adapter
    if question.address is None:
        return adapter.find(question.fields, waterfall.contact)
    if not isinstance(adapter, Verifies):
        raise TypeError(f"{vendor.name} does not {VERIFY}")
    return adapter.verify(question.address)


def _as_answers(told: Told | Failed, vendor: Vendor) -> Answers:
    """What the waterfall records; a trusted vendor's ungraded value gets its verdict here."""
    match told:
        case Found(verdict=None) if vendor.trusted:
            return replace(told, verdict=_TRUSTED)
        case Found() | Missing() | Judged() | Failed():
            return told
        case Mapping():
            return {
                wanted: replace(answer, verdict=_TRUSTED)
                if isinstance(answer, Found) and answer.verdict is None and vendor.trusted
                else answer
                for wanted, answer in told.items()
            }
    raise TypeError(f"{vendor.name} answered with {type(told).__name__}")
