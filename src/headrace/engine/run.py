"""Carries out a waterfall's questions within the deadlines."""

import asyncio
import math
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from headrace.domain.model import (
    VERIFY,
    Attempt,
    Failed,
    Field,
    Found,
    Grade,
    Guessed,
    Judged,
    Missing,
    Outcome,
    Skipped,
    Timing,
    Verdict,
)
from headrace.domain.plan import Question
from headrace.domain.waterfall import Answers, Waterfall
from headrace.engine.asked import Asked
from headrace.engine.converse import Reply, Told, converse
from headrace.engine.guard import Guard
from headrace.engine.heard import Heard
from headrace.engine.local import Local, consult
from headrace.engine.memory import Ages, Memory
from headrace.engine.screen import Screen
from headrace.engine.stopwatch import Stopwatch
from headrace.engine.subjects import Subject
from headrace.engine.vendor import Vendor
from headrace.ports import Clock, Transport
from headrace.providers.base import Conversation, Verifies

_TRUSTED = Verdict(Grade.DELIVERABLE, "trusted_provider")

Party = Vendor | Local


LONG = 1000.0
"""Milliseconds after which those are looked up again who may have objected since."""


class Deadlines(Struct, frozen=True):
    """Seconds from the start of an enrichment."""

    lanes: Mapping[Field, float]
    total: float


class Surroundings(Struct, frozen=True):
    """What every run of a process shares. `vendors`: everybody who can be asked, by name."""

    vendors: Mapping[str, Party]
    screen: Screen
    memory: Memory
    guard: Guard
    transport: Transport
    clock: Clock
    deadlines: Deadlines


class Run:
    """One enrichment under way. `ages`: how old an answer may be; `heard`: what it was told before a stop.
    `cut_off`: a stop ended it while it was still looking for something."""

    def __init__(
        self, waterfall: Waterfall, surroundings: Surroundings, ages: Ages, heard: Heard | None = None
    ) -> None:
        self.waterfall = waterfall
        self.subject = Subject(waterfall.contact)
        self.stopwatch = Stopwatch(surroundings.clock)
        self.sandbox = False
        self.cut_off = False
        self._heard = heard
        self._around = surroundings
        self._ages = ages
        self._now = surroundings.clock.monotonic
        self._began = self._now()
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()
        self._out: dict[Question, float] = {}  # put and not yet answered -> when
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[Field, asyncio.TimerHandle] = {}
        self._latest = math.inf
        self._hurried: frozenset[Field] = frozenset()

    @property
    def elapsed_ms(self) -> float:
        return (self._now() - self._began) * 1000

    @property
    def outstanding(self) -> bool:
        """Whether answers are still to come."""
        return bool(self._out)

    async def until_answered(self) -> None:
        """Returns when every lane has ended. Each answer goes back to the waterfall on its own; questions
        still out at a lane's deadline are left running (see `until_silent`)."""
        if await self._around.screen.refuses(self.subject):
            self.waterfall.refuse(self.elapsed_ms)
            return
        limits = self._around.deadlines
        for lane in self.waterfall.open_lanes:
            self._set_timer(lane, min(limits.lanes[lane], limits.total))
        self._begin(self._next_questions())
        try:
            await self._ended
        finally:
            for timer in self._timers.values():
                timer.cancel()
        if self.elapsed_ms > LONG:
            await self._screen_again()

    async def until_silent(self) -> None:
        """Take in what arrives after the end: a vendor that was asked may have been paid, so its answer
        is worth recording."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def hurry(self, seconds: float) -> None:
        """End within `seconds` from now, also if it has not begun: the process is stopping."""
        self._latest = self._loop.time() + seconds
        for lane, timer in list(self._timers.items()):
            if timer.when() > self._latest:
                timer.cancel()
                self._set_timer(lane, math.inf)

    @property
    def attempts(self) -> list[Attempt]:
        """The trace so far, with a line for each question that is still out."""
        if not self._out:
            return self.waterfall.attempts
        now = self.elapsed_ms
        late = [(question, Timing(started, now - started)) for question, started in self._out.items()]
        return [*self.waterfall.attempts, *self.waterfall.unanswered(late)]

    def _set_timer(self, lane: Field, seconds: float) -> None:
        at = self._loop.time() + seconds
        if at > self._latest:
            at = self._latest
            self._hurried |= {lane}
        self._timers[lane] = self._loop.call_at(at, self._time_is_up, lane)

    def _time_is_up(self, lane: Field) -> None:
        self.cut_off = self.cut_off or (lane in self._hurried and lane in self.waterfall.open_lanes)
        self.waterfall.close(lane)
        self._begin(self._next_questions())

    def _next_questions(self) -> list[Question]:
        questions = self.waterfall.questions(self.elapsed_ms)
        if self.waterfall.is_over and not self._ended.done():
            self._ended.set_result(None)
        return questions

    def _begin(self, questions: list[Question]) -> None:
        for question in questions:
            task = self._loop.create_task(self._follow(question))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _follow(self, question: Question) -> None:
        """Put a question, and then those that its answer leads to."""
        try:
            todo = [question]
            while todo:
                first, *others = todo
                self._begin(others)
                await self._ask(first)
                todo = self._next_questions()
        except BaseException as bug:
            if self._ended.done():
                raise
            self._ended.set_exception(bug)

    async def _ask(self, question: Question) -> None:
        started = self._out[question] = self.elapsed_ms
        vendor = self._around.vendors[question.provider]
        reply = await self._converse(vendor, question)
        self.sandbox = self.sandbox or reply.sandbox
        took = self.elapsed_ms - started
        timing = Timing(started, took, reply.http_status, reply.shared, reply.obtained_at)
        answers = _as_answers(reply.told, vendor)
        if found := _found(question, answers):
            await self._screen(found)
        del self._out[question]
        self.waterfall.record(question, answers, timing)

    async def _screen(self, found: Mapping[Field, Sequence[str]]) -> None:
        """One value of somebody who must be left alone ends the whole enrichment: all of it is about them."""
        if await self._around.screen.withholds(self.subject, found):
            self.waterfall.leave_alone()

    async def _screen_again(self) -> None:
        """Who objected while this took its time is left alone too."""
        found = {wanted: result.values for wanted, result in self.waterfall.results.items()}
        if await self._around.screen.regrets(self.subject, found):
            self.waterfall.leave_alone()

    def _converse(self, vendor: Party, question: Question) -> Awaitable[Reply]:
        """What is remembered, what another enrichment's equal question brings, or what the vendor says."""
        if not vendor.remembered:
            return self._call(vendor, question)
        asked = Asked(vendor, question, self.waterfall.contact)
        ask = partial(self._call, vendor, question)
        answer = partial(self._around.memory.answer, asked, ask, self._ages, self.stopwatch)
        return self._heard.answer(asked, answer) if self._heard else answer()

    async def _call(self, vendor: Party, question: Question) -> Reply:
        if not isinstance(vendor, Vendor):
            return await consult(vendor, question, self.waterfall.contact, self.stopwatch)
        guard = self._around.guard
        if len(question.fields) > 1 and (reason := guard.divides(vendor.name, question.fields)):
            return Reply(Skipped(f"breaker_open: {reason}", apart=True))
        passed = await guard.enter(vendor.name, question.capability)
        if isinstance(passed, str):
            return Reply(Skipped(passed))
        try:
            talk = _conversation(vendor, question, self.waterfall)
            reply = await converse(vendor, talk, self._around.transport, self.stopwatch, passed.turn)
        except BaseException:
            guard.abandon(passed)
            raise
        if isinstance(reply.told, Skipped):  # by us, on the way
            guard.abandon(passed)
        else:
            guard.leave(passed, reply.failure, reply.retry_after)
        return reply


def _conversation(vendor: Vendor, question: Question, waterfall: Waterfall) -> Conversation[Told]:
    adapter = vendor.adapter
    if question.address is None:
        return adapter.find(question.fields, waterfall.contact)
    if not isinstance(adapter, Verifies):
        raise TypeError(f"{vendor.name} does not {VERIFY}")
    return adapter.verify(question.address)


def _found(question: Question, answers: Answers) -> dict[Field, Sequence[str]]:
    """What an answer holds for each field, as the vendor spelt it."""
    if isinstance(answers, Found | Guessed):
        return dict.fromkeys(question.fields, answers.values)
    if isinstance(answers, Outcome):
        return {}
    return {wanted: answer.values for wanted, answer in answers.items() if isinstance(answer, Found)}


def _as_answers(told: Told | Failed | Skipped, vendor: Party) -> Answers:
    """What the waterfall records; a trusted vendor's ungraded value gets its verdict here."""
    match told:
        case Found(verdict=None) if vendor.trusted:
            return replace(told, verdict=_TRUSTED)
        case Found() | Guessed() | Missing() | Judged() | Failed() | Skipped():
            return told
        case Mapping():
            return {
                wanted: replace(answer, verdict=_TRUSTED)
                if isinstance(answer, Found) and answer.verdict is None and vendor.trusted
                else answer
                for wanted, answer in told.items()
            }
    raise TypeError(f"{vendor.name} answered with {type(told).__name__}")
