"""What was asked before is not asked again: not while it is out, nor, for accounts that allow it, later."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from msgspec import MsgspecError

from headrace.domain import normalize
from headrace.domain.errors import Problem
from headrace.domain.model import Account, Failed, Field, Found, Grade, Judged, Skipped
from headrace.engine import lasting
from headrace.engine.asked import Asked
from headrace.engine.converse import Reply, Told
from headrace.engine.guard import PATIENCE
from headrace.engine.stopwatch import Stopwatch
from headrace.ports import Answers, Clock, Flights, Remembered

_BESIDE = PATIENCE + 1.0
"""Seconds that a question may take beyond the vendor's own: for a place, and to write its answer down."""

Ask = Callable[[], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds for which an answer, or a vendor's "nothing", may be used again; 0: never."""

    found: float = 0.0
    missing: float = 0.0

    @classmethod
    def of(cls, account: Account) -> "Ages":
        """A miss is never used longer than a hit."""
        return cls(account.max_age, min(account.miss_max_age, account.max_age))


class Memory:
    """Between the questions of all enrichments and the vendors.

    `digest` is a keyed hash: of a question, only that leaves the process.
    """

    def __init__(
        self, answers: Answers, flights: Flights, digest: Callable[[str], bytes], clock: Clock
    ) -> None:
        self._answers = answers
        self._flights = flights
        self._digest = digest
        self._clock = clock

    async def answer(self, asked: Asked, ask: Ask, ages: Ages, stopwatch: Stopwatch) -> Reply:
        """An answer that is young enough; else that of an equal question that is out; else of `ask`.

        What the account's `ages` let nobody use again is not written down either.
        """
        key = self._digest(asked.spelling)
        return await self._recall(key, ages) or await self._share(key, asked, ask, ages, stopwatch)

    async def _share(self, key: bytes, asked: Asked, ask: Ask, ages: Ages, stopwatch: Stopwatch) -> Reply:
        mine: Reply | None = None

        async def work() -> bytes:
            nonlocal mine
            with stopwatch.paused():  # `ask` knows better what part of it is the vendor's
                mine = await self._work(key, asked, ask, ages)
            return lasting.encode(mine)

        with stopwatch:  # who waits for another's call waits for the vendor
            landed, shared = await self._flights.once(key.hex(), work, asked.vendor.timeout + _BESIDE)
        if mine and not shared:
            return mine
        try:
            theirs = lasting.decode(landed)
        except MsgspecError:  # from a process of another version
            return await self._work(key, asked, ask, ages)
        theirs.shared = True
        if ages.found and not await self._recall(key, ages):
            await self._remember(key, asked, theirs)  # the other's account has no use for memory
        return theirs

    async def _work(self, key: bytes, asked: Asked, ask: Ask, ages: Ages) -> Reply:
        if known := await self._recall(key, ages):
            return known  # it was on its way when this one looked first
        reply = await ask()
        if ages.found:
            await self._remember(key, asked, reply)
        return reply

    async def _recall(self, key: bytes, ages: Ages) -> Reply | None:
        """`None` also while the database is away: then the vendor is asked."""
        if not ages.found:
            return None
        try:
            kept = await self._answers.recall(key)
            if not kept or self._clock.wall() - kept.obtained_at >= (
                ages.found if kept.found else ages.missing
            ):
                return None
            reply = lasting.decode(kept.answer)
        except (Problem, MsgspecError):
            return None
        reply.obtained_at, reply.http_status = kept.obtained_at, None
        return reply

    async def _remember(self, key: bytes, asked: Asked, reply: Reply) -> None:
        """Before anybody hears of it, so that there is no moment at which an equal question would be put."""
        told = reply.told
        found = _found(told, asked.question.fields)
        if isinstance(told, Failed | Skipped) or found is None:
            return
        answer = Remembered(lasting.encode(reply), found, self._clock.wall())
        try:
            await self._answers.remember(key, answer, asked.subjects(told))
        except Problem:
            return  # the database has logged it


def _found(told: Told | Failed | Skipped, fields: tuple[Field, ...]) -> bool | None:
    """Whether the vendor had all that was asked for, and could tell; `None` when it failed in any of it."""
    if isinstance(told, Judged):
        return told.verdict.grade is not Grade.UNKNOWN
    answers = told if isinstance(told, Mapping) else {fields[0]: told}
    if set(answers) != set(fields) or any(_failed(field, answer) for field, answer in answers.items()):
        return None
    return all(isinstance(answer, Found) for answer in answers.values())


def _failed(field: Field, answer: object) -> bool:
    """An address that is none is a failure of the vendor."""
    if isinstance(answer, Found) and field.is_address:
        return not answer.values or normalize.address(answer.values[0]) is None
    return isinstance(answer, Failed | Skipped)
