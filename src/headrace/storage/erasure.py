"""Erases what is kept about one person, and what is on its way to being kept."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from headrace.domain.failures import Failure
from headrace.ports import Clock
from headrace.record import decode_record
from headrace.storage import books, schema, scrub
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Each, Statement, Steps
from headrace.storage.ledger import SqlLedger
from headrace.storage.same_person import Person, SamePerson
from headrace.storage.suppressions import SqlSuppressions
from headrace.storage.vault import Vault

IN_FLIGHT = 2.0
"""Seconds that are waited for what takes a moment, such as a webhook that is being delivered."""

_LOOK_AGAIN = 0.1
"""Seconds between two looks at the searches that are under way."""

_RUNNING = "SELECT id FROM enrichments WHERE state = 'running'"
_ENDED = "SELECT record FROM enrichments WHERE id = :record AND record IS NOT NULL AND finished_at > :since"
_PUT_OFF = """
    SELECT 1 FROM enrichments
    WHERE id = :record AND state = 'queued' AND (goes_on OR put_off_since IS NOT NULL)
"""
_EMPTY_ENRICHMENT = """
    UPDATE enrichments SET record = NULL WHERE id = :record AND state = 'finished' AND record IS NOT NULL
    RETURNING account_id
"""
_EMPTY_DELIVERIES = """
    UPDATE webhook_deliveries SET record = NULL, batch = NULL, next_at = NULL,
        finished_at = COALESCE(finished_at, :at),
        state = CASE WHEN state = 'pending' THEN 'suppressed' ELSE state END
    WHERE enrichment_id = :record AND record IS NOT NULL RETURNING id
"""
_FORGET_REPLIES = (
    "DELETE FROM idempotency_keys WHERE enrichment_id = :record AND state = 'done' RETURNING digest"
)
_FORGET_ANSWER = "DELETE FROM answers WHERE id = :record RETURNING id"
_FORGET_OUTCOMES = """
    DELETE FROM outcomes WHERE address IN (SELECT digest FROM subjects WHERE record_id = :record)
"""
_FORGET_OUTCOME = "DELETE FROM outcomes WHERE address = :digest"
# One that is under way has to be found again at its end.
_FORGET_SUBJECTS = """
    DELETE FROM subjects WHERE record_id = :record
        AND NOT EXISTS (SELECT 1 FROM enrichments WHERE id = :record AND state = 'running')
"""
_NAME = "SELECT name FROM accounts WHERE id = :account"

Waiting = Callable[[str, float], None]
"""Hears what is waited for, and for how many seconds at most."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that are waited at most: `searches`, for those under way to be settled; `answers`, for vendors
    whose answers come when a deadline has ended the search: they are remembered all the same."""

    searches: float = 75.0
    answers: float = 30.0


PATIENT = Patience()
"""With the deadlines that hold where none are set."""


@dataclass(slots=True)
class Erased:
    """How much was erased, and the names of the accounts that had received it. `unfinished`: searches that
    did not end in time, whoever they are about."""

    enrichments: int = 0
    webhooks: int = 0
    replies: int = 0
    answers: int = 0
    recipients: set[str] = field(default_factory=set)
    unfinished: int = 0

    def add(self, other: "Erased") -> None:
        self.enrichments += other.enrichments
        self.webhooks += other.webhooks
        self.replies += other.replies
        self.answers += other.answers
        self.recipients |= other.recipients


@dataclass(frozen=True, slots=True)
class _Round:
    """`late`: an answer about the person may still come."""

    erased: Erased
    people: Sequence[Person]
    late: bool


class Eraser:
    """Erases by identifiers, `kind:value` each (see `engine.subjects`)."""

    def __init__(
        self,
        location: schema.Location,
        database: Database,
        vault: Vault,
        clock: Clock,
        audit_log: AuditLog,
        suppressions: SqlSuppressions,
        ledger: SqlLedger,
    ) -> None:
        self._location = location
        self._database = database
        self._vault = vault
        self._clock = clock
        self._audit_log = audit_log
        self._suppressions = suppressions
        self._ledger = ledger

    async def erase(
        self, identifiers: Sequence[str], actor: str, patience: Patience, waiting: Waiting
    ) -> Erased:
        """Leave the person alone from now on, erase what is kept, and once more what has come since.

        A search under way says of nobody whom it is about, so those that had begun before are all waited for:
        what begins later knows whom to leave alone.
        """
        await self._database.write(lambda: self._leave_alone(identifiers, actor))
        under_way = await self._running()
        first = await self._database.write(lambda: self._round(identifiers, (), patience.answers))
        erased = first.erased
        await asyncio.sleep(IN_FLIGHT)
        erased.unfinished = len(await self._until_ended(under_way, patience.searches, waiting))
        second = await self._database.write(lambda: self._round(identifiers, first.people, patience.answers))
        erased.add(second.erased)
        if first.late or second.late:
            waiting("late answers", patience.answers)
            await asyncio.sleep(patience.answers)
            last = await self._database.write(lambda: self._round(identifiers, second.people, 0.0))
            erased.add(last.erased)
        await scrub.scrub(self._location)
        return erased

    async def _running(self) -> set[str]:
        return {row[0] for row in await self._database.read(_RUNNING, {})}

    async def _until_ended(self, begun: set[str], seconds: float, waiting: Waiting) -> set[str]:
        """Wait for these searches; returns those that went on for longer."""
        until = self._clock.monotonic() + seconds
        left = begun & await self._still_running()
        if left:
            waiting(f"searches under way ({len(left)})", seconds)
        while left and self._clock.monotonic() < until:
            await asyncio.sleep(_LOOK_AGAIN)
            left &= await self._still_running()
        return left

    async def _still_running(self) -> set[str]:
        """Without what dead processes have left: nobody works on it, so it would not end."""
        await self._ledger.release_abandoned()
        return await self._running()

    def _leave_alone(self, identifiers: Sequence[str], actor: str) -> Steps[None]:
        yield from self._suppressions.adding(identifiers, "erasure", actor)
        for each in identifiers:
            yield from self._audit_log.line(actor, "person.erase", self._vault.digest(each).hex())

    def _round(self, identifiers: Sequence[str], before: Sequence[Person], late: float) -> Steps[_Round]:
        """Erase what there is. `before`: who they are by records of an earlier round; `late`: seconds."""
        erased, at, is_late = Erased(), self._clock.wall(), False
        same = SamePerson(self._vault, identifiers)
        theirs = yield from same.records(before)
        beside = yield from same.beside()
        for record_id in theirs.records:
            is_late = (yield from self._is_late(record_id, at - late)) or is_late
            erased.add((yield from _erase_one(record_id, at)))
        for record_id in set(beside) - set(theirs.records):
            erased.add((yield from _forget_answer(record_id)))
        yield Each(_FORGET_OUTCOME, [{"digest": self._vault.digest(each)} for each in identifiers])
        return _Round(erased, theirs.people, is_late)

    def _is_late(self, record_id: str, since: float) -> Steps[bool]:
        """Whether an enrichment ended just now without an answer that is still to come, or went back to its
        queue, where nothing says for which answers it has not waited."""
        if (yield Statement(_PUT_OFF, {"record": record_id})):
            return True
        for row in (yield Statement(_ENDED, {"record": record_id, "since": since})):
            if record := self._vault.read(row[0], decode_record):
                return any(line.reason == Failure.DEADLINE for line in record.attempts)
        return False


def _erase_one(record_id: str, at: float) -> Steps[Erased]:
    """An enrichment with all that it led to, or a remembered answer."""
    erased, about = Erased(), {"record": record_id}
    erased.enrichments += yield from books.take_from_queue(record_id, at)
    for row in (yield Statement(_EMPTY_ENRICHMENT, about)):
        erased.enrichments += 1
        erased.recipients.add((yield Statement(_NAME, {"account": row[0]}))[0][0])
    erased.webhooks += len((yield Statement(_EMPTY_DELIVERIES, {**about, "at": at})))
    erased.replies += len((yield Statement(_FORGET_REPLIES, about)))
    erased.answers += len((yield Statement(_FORGET_ANSWER, about)))
    yield Each(_FORGET_OUTCOMES, [about])
    yield Each(_FORGET_SUBJECTS, [about])
    return erased


def _forget_answer(record_id: str) -> Steps[Erased]:
    """A remembered answer alone, which may be a namesake's: nothing else of theirs can be asked for again."""
    about = {"record": record_id}
    forgotten = yield Statement(_FORGET_ANSWER, about)
    yield Each(_FORGET_SUBJECTS, [about])
    return Erased(answers=len(forgotten))
