"""What was answered is used again, for accounts that want it."""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress

from msgspec import MsgspecError, Struct
from msgspec.structs import replace

from headrace.domain import normalize
from headrace.domain.errors import Problem
from headrace.domain.model import Account, Failed, Field, Found, Grade, Judged, Skipped
from headrace.engine import lasting
from headrace.engine.asked import Asked, Key
from headrace.engine.converse import Reply, Told
from headrace.engine.flights import LocalFlights
from headrace.engine.sharing import Ask, Sharing
from headrace.engine.stopwatch import Stopwatch
from headrace.ports import Answers, Clock, Flights, Remembered

_NOT_REMEMBERED = Skipped("not_remembered", apart=True)
"""Of a question for several fields, one that could not be answered then: it is asked for alone."""


class Ages(Struct, frozen=True):
    """Seconds for which an answer, or a vendor's "nothing", may be used again; 0: never."""

    found: float = 0.0
    missing: float = 0.0

    @classmethod
    def of(cls, account: Account) -> "Ages":
        """A miss is never used longer than a hit."""
        return cls(account.max_age, min(account.miss_max_age, account.max_age))

    def of_answer(self, kept: Remembered) -> float:
        return self.found if kept.found else self.missing


class Memory:
    """Between the questions of all enrichments and the vendors. `digest` is a keyed hash."""

    def __init__(
        self, answers: Answers, flights: Flights[Key, Reply], digest: Callable[[str], bytes], clock: Clock
    ) -> None:
        self._answers = answers
        self._sharing = Sharing(flights)
        self._digest = digest
        self._clock = clock
        self._own: tuple[str, ...] = ()  # what one search's answers are filed under beside their persons

    def answer(
        self, asked: Asked, ask: Ask, ages: Ages, stopwatch: Stopwatch
    ) -> Coroutine[None, None, Reply]:
        """An answer that is young enough; else that of an equal question that is out; else of `ask`.

        What `ages` let nobody use again is not written down either.
        """
        if not ages.found:
            return self._sharing.answer(asked, ask, stopwatch)
        return self._answer(asked, ask, ages, stopwatch)

    async def _answer(self, asked: Asked, ask: Ask, ages: Ages, stopwatch: Stopwatch) -> Reply:
        key = self._digest(asked.spelling)

        async def ask_once() -> Reply:
            # Again, as it may have come since. It is written down before anybody hears of it, so there is no
            # moment in which an equal question would be put.
            return await self._recall(key, asked, ages) or await self._remember(key, asked, await ask())

        if known := await self._recall(key, asked, ages):
            return known
        reply = await self._sharing.answer(asked, ask_once, stopwatch)
        if reply.shared and not await self._recall(key, asked, ages):
            await self._remember(key, asked, reply)  # whoever asked has no use for memory
        return reply

    def apart(self, name: str) -> "Memory":
        """One for what only `name` is to remember, until it is told to `forget`."""
        apart = Memory(
            self._answers, LocalFlights(), lambda text: self._digest(f"{name}\n{text}"), self._clock
        )
        apart._own = (f"search:{name}",)
        return apart

    async def forget(self) -> None:
        """What only one remembers. Raises `Problem(storage_unavailable)`."""
        for name in self._own:
            await self._answers.forget(name)

    async def recall(self, asked: Asked, ages: Ages) -> Reply | None:
        """An answer that is young enough, without asking anybody."""
        return await self._recall(self._digest(asked.spelling), asked, ages) if ages.found else None

    async def _recall(self, key: bytes, asked: Asked, ages: Ages) -> Reply | None:
        """`None` also while the database is away: then the vendor is asked."""
        try:
            kept = await self._answers.recall(key)
            if kept is None or self._clock.wall() - kept.obtained_at >= ages.of_answer(kept):
                return None
            reply = lasting.decode(kept.answer)
        except (Problem, MsgspecError):
            return None
        reply.obtained_at, reply.http_status = kept.obtained_at, None
        if isinstance(reply.told, Mapping):
            reply.told = {field: reply.told.get(field, _NOT_REMEMBERED) for field in asked.question.fields}
        return reply

    async def _remember(self, key: bytes, asked: Asked, reply: Reply) -> Reply:
        """The reply itself, once it is written down if it can be."""
        told = _answered(reply.told, asked.question.fields)
        if told is None:
            return reply
        answer = Remembered(lasting.encode(replace(reply, told=told)), _found(told), self._clock.wall())
        with suppress(Problem):  # the database has logged it
            await self._answers.remember(key, answer, (*asked.subjects(told), *self._own))
        return reply


def _answered(told: Told | Failed | Skipped, fields: tuple[Field, ...]) -> Told | None:
    """What the vendor could answer: of several fields that may be some, and those were paid for."""
    if isinstance(told, Failed | Skipped):
        return None
    if isinstance(told, Mapping):
        return {field: answer for field, answer in told.items() if not _failed(field, answer)} or None
    return None if len(fields) > 1 or _failed(fields[0], told) else told


def _found(told: Told) -> bool:
    """Whether the vendor had all that it was asked for and answered, and could tell."""
    if isinstance(told, Judged):
        return told.verdict.grade is not Grade.UNKNOWN
    answers = told.values() if isinstance(told, Mapping) else (told,)
    return all(isinstance(answer, Found) for answer in answers)


def _failed(field: Field, answer: object) -> bool:
    """An address that is none is a failure of the vendor."""
    if isinstance(answer, Found) and field.is_address:
        return not answer.values or normalize.address(answer.values[0]) is None
    return isinstance(answer, Failed | Skipped)
