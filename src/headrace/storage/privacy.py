"""Everything that is kept about one person: for access, and for erasure."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from headrace.domain.model import Found
from headrace.engine import lasting
from headrace.ports import Clock
from headrace.record import EnrichmentRecord, decode_record
from headrace.storage import books, schema, scrub
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Each, Row, Statement, Steps
from headrace.storage.suppressions import SqlSuppressions
from headrace.storage.vault import Vault
from headrace.storage.webhooks import url_of

IN_FLIGHT = 2.0
"""Seconds after which what was looked up before a suppression has been settled: whatever takes longer is
looked up again before it ends."""

_ABOUT = "SELECT record_id FROM subjects WHERE digest = :digest"
_ENRICHMENT = """
    SELECT e.id, a.name, e.created_at, e.finished_at, e.record
    FROM enrichments e JOIN accounts a ON a.id = e.account_id WHERE e.id = :record AND e.record IS NOT NULL
"""
_DELIVERIES = """
    SELECT state, attempts, created_at, finished_at, record FROM webhook_deliveries
    WHERE enrichment_id = :record ORDER BY created_at
"""
_ANSWER = "SELECT answer, obtained_at, first_obtained_at FROM answers WHERE id = :record"
_OUTCOMES = """
    SELECT address, reported_at FROM outcomes
    WHERE address IN (SELECT digest FROM subjects WHERE record_id = :record)
"""
_OUTCOME = "SELECT address, reported_at FROM outcomes WHERE address = :digest"
_SINCE = "SELECT created_at FROM suppressions WHERE digest = :digest"

_WAITS = "SELECT 1 FROM enrichments WHERE id = :record AND state = 'queued'"
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
_FORGET_SUBJECTS = "DELETE FROM subjects WHERE record_id = :record"
_NAME = "SELECT name FROM accounts WHERE id = :account"


@dataclass(frozen=True, slots=True)
class Sent:
    """A webhook that told about the person. Times are seconds since 1970."""

    url: str | None
    state: str
    attempts: int
    created_at: float
    finished_at: float | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An enrichment that says something about the person, and the account that asked for it."""

    id: str
    account: str
    created_at: float
    finished_at: float | None
    record: EnrichmentRecord
    sent: Sequence[Sent]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A vendor's answer that is kept for use again: the values in it."""

    values: tuple[str, ...]
    obtained_at: float
    first_obtained_at: float


@dataclass(frozen=True, slots=True)
class Dossier:
    """All there is about a person. `suppressed_since`: one for each identifier that was asked for.
    `outcomes`: when somebody reported what became of one of the addresses, in seconds since 1970; that it was
    reported is all that is kept."""

    suppressed_since: Sequence[float | None]
    enrichments: Sequence[Kept]
    answers: Sequence[KeptAnswer]
    outcomes: Sequence[float]


@dataclass(slots=True)
class Erased:
    """How much was erased, and the names of the accounts that had received it."""

    enrichments: int = 0
    webhooks: int = 0
    replies: int = 0
    answers: int = 0
    recipients: set[str] = field(default_factory=set)


class SqlPersons:
    """Persons by their identifiers, `kind:value` each (see `engine.subjects`)."""

    def __init__(
        self,
        location: schema.Location,
        database: Database,
        vault: Vault,
        clock: Clock,
        audit_log: AuditLog,
        suppressions: SqlSuppressions,
    ) -> None:
        self._location = location
        self._database = database
        self._vault = vault
        self._clock = clock
        self._audit_log = audit_log
        self._suppressions = suppressions

    async def export(self, identifiers: Sequence[str], actor: str) -> Dossier:
        """All there is about a person, as of one moment."""
        await self._database.write(lambda: self._note(identifiers, actor, "person.export"))
        return await self._database.snapshot(lambda: self._collect(identifiers))

    async def erase(self, identifiers: Sequence[str], actor: str) -> Erased:
        """Leave the person alone from now on and erase what is kept about them; the books stay.

        Takes some seconds: what is on its way at this moment is waited for.
        """
        await self._database.write(lambda: self._suppressions.adding(identifiers, "erasure", actor))
        await asyncio.sleep(IN_FLIGHT)
        erased = await self._database.write(lambda: self._erase(identifiers, actor))
        await scrub.scrub(self._location)
        return erased

    def _collect(self, identifiers: Sequence[str]) -> Steps[Dossier]:
        since: list[float | None] = []
        outcomes: dict[bytes, float] = {}
        for each in identifiers:
            digest = {"digest": self._vault.digest(each)}
            rows = yield Statement(_SINCE, digest)
            since.append(rows[0][0] if rows else None)
            outcomes.update((bytes(row[0]), row[1]) for row in (yield Statement(_OUTCOME, digest)))
        enrichments: list[Kept] = []
        answers: list[KeptAnswer] = []
        for record_id in (yield from self._records(identifiers)):
            about = {"record": record_id}
            for row in (yield Statement(_ENRICHMENT, about)):
                deliveries = yield Statement(_DELIVERIES, about)
                enrichments.append(self._kept(row, deliveries))
            rows = yield Statement(_ANSWER, about)
            answers += [KeptAnswer(_values(self._vault.open(row[0])), row[1], row[2]) for row in rows]
            outcomes.update((bytes(row[0]), row[1]) for row in (yield Statement(_OUTCOMES, about)))
        return Dossier(since, enrichments, answers, sorted(outcomes.values()))

    def _erase(self, identifiers: Sequence[str], actor: str) -> Steps[Erased]:
        erased, at = Erased(), self._clock.wall()
        for record_id in (yield from self._records(identifiers)):
            about: dict[str, object] = {"record": record_id}
            erased.enrichments += yield from _taken_from_queue(record_id, at)
            for row in (yield Statement(_EMPTY_ENRICHMENT, about)):
                erased.enrichments += 1
                erased.recipients.add((yield Statement(_NAME, {"account": row[0]}))[0][0])
            erased.webhooks += len((yield Statement(_EMPTY_DELIVERIES, {**about, "at": at})))
            erased.replies += len((yield Statement(_FORGET_REPLIES, about)))
            erased.answers += len((yield Statement(_FORGET_ANSWER, about)))
            yield Each(_FORGET_OUTCOMES, [about])
            yield Each(_FORGET_SUBJECTS, [about])
        yield Each(_FORGET_OUTCOME, [{"digest": self._vault.digest(each)} for each in identifiers])
        yield from self._note(identifiers, actor, "person.erase")
        return erased

    def _records(self, identifiers: Sequence[str]) -> Steps[list[str]]:
        found: dict[str, None] = {}
        for each in identifiers:
            for row in (yield Statement(_ABOUT, {"digest": self._vault.digest(each)})):
                found[row[0]] = None
        return list(found)

    def _note(self, identifiers: Sequence[str], actor: str, action: str) -> Steps[None]:
        for each in identifiers:
            yield from self._audit_log.line(actor, action, self._vault.digest(each).hex())

    def _kept(self, row: Row, deliveries: Sequence[Row]) -> Kept:
        sent = [
            Sent(url_of(self._vault, each[4]) if each[4] else None, each[0], each[1], each[2], each[3])
            for each in deliveries
        ]
        return Kept(row[0], row[1], row[2], row[3], decode_record(self._vault.open(row[4])), sent)


def _taken_from_queue(enrichment_id: str, at: float) -> Steps[bool]:
    """Ends an enrichment whose turn has not come, for nothing and without a record."""
    if not (yield Statement(_WAITS, {"record": enrichment_id})):
        return False
    ended = {"enrichment": enrichment_id, "state": "finished", "charged": 0, "at": at, "record": None}
    return (yield from books.end(ended, 0, at)) is not None


def _values(answer: bytes) -> tuple[str, ...]:
    told = lasting.decode(answer).told
    answers = told.values() if isinstance(told, Mapping) else [told]
    return tuple(value for each in answers if isinstance(each, Found) for value in each.values)
