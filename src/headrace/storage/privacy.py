"""Everything that is kept about one person: for access, and for erasure."""

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.record import EnrichmentRecord, decode_record
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.erasure import PATIENT, Erased, Eraser, Patience, Waiting
from headrace.storage.same_person import SamePerson, values_in
from headrace.storage.vault import Vault
from headrace.storage.webhooks import url_in

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


@dataclass(frozen=True, slots=True)
class Sent:
    """A webhook that told about the person. Times are seconds since 1970. Without `url` once it is forgotten,
    or when it cannot be read."""

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
    """All there is about a person, and as `unreadable` the ids of enrichments and answers that no key opens,
    or a later version wrote. `suppressed_since`: one for each identifier that was asked for.
    `outcomes`: when somebody reported what became of one of the addresses, in seconds since 1970; that it was
    reported is all that is kept."""

    suppressed_since: Sequence[float | None]
    enrichments: Sequence[Kept]
    answers: Sequence[KeptAnswer]
    outcomes: Sequence[float]
    unreadable: Sequence[str]


class SqlPersons:
    """Persons by their identifiers, `kind:value` each (see `engine.subjects`)."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        audit_log: AuditLog,
        eraser: Eraser,
    ) -> None:
        self._database = database
        self._vault = vault
        self._audit_log = audit_log
        self._eraser = eraser

    async def export(self, identifiers: Sequence[str], actor: str) -> Dossier:
        """All there is about a person, as of one moment."""
        await self._database.write(lambda: self._note(identifiers, actor, "person.export"))
        return await self._database.snapshot(lambda: self._collect(identifiers))

    async def erase(
        self,
        identifiers: Sequence[str],
        actor: str,
        patience: Patience = PATIENT,
        waiting: Waiting = lambda what, seconds: None,
    ) -> Erased:
        """Leave the person alone from now on and erase what is kept about them; the books stay."""
        return await self._eraser.erase(identifiers, actor, patience, waiting)

    def _collect(self, identifiers: Sequence[str]) -> Steps[Dossier]:
        since: list[float | None] = []
        found = _Gathered()
        for each in identifiers:
            digest = {"digest": self._vault.digest(each)}
            rows = yield Statement(_SINCE, digest)
            since.append(rows[0][0] if rows else None)
            found.add_outcomes((yield Statement(_OUTCOME, digest)))
        theirs = yield from SamePerson(self._vault, identifiers).records()
        for record_id in theirs.records:
            about = {"record": record_id}
            for row in (yield Statement(_ENRICHMENT, about)):
                found.add_enrichment(record_id, self._kept(row, (yield Statement(_DELIVERIES, about))))
            for row in (yield Statement(_ANSWER, about)):
                found.add_answer(record_id, self._kept_answer(row))
            found.add_outcomes((yield Statement(_OUTCOMES, about)))
        return found.dossier(since)

    def _note(self, identifiers: Sequence[str], actor: str, action: str) -> Steps[None]:
        for each in identifiers:
            yield from self._audit_log.line(actor, action, self._vault.digest(each).hex())

    def _kept(self, row: Row, deliveries: Sequence[Row]) -> Kept | None:
        record = self._vault.read(row[4], decode_record)
        sent = [
            Sent(self._vault.read(each[4], url_in) if each[4] else None, each[0], each[1], each[2], each[3])
            for each in deliveries
        ]
        return Kept(row[0], row[1], row[2], row[3], record, sent) if record else None

    def _kept_answer(self, row: Row) -> KeptAnswer | None:
        values = self._vault.read(row[0], values_in)
        return None if values is None else KeptAnswer(values, row[1], row[2])


class _Gathered:
    """A dossier in the making. What is `None` cannot be read."""

    def __init__(self) -> None:
        self._enrichments: list[Kept] = []
        self._answers: list[KeptAnswer] = []
        self._outcomes: dict[bytes, float] = {}
        self._unreadable: list[str] = []

    def add_enrichment(self, record_id: str, kept: Kept | None) -> None:
        if kept:
            self._enrichments.append(kept)
        else:
            self._unreadable.append(record_id)

    def add_answer(self, record_id: str, answer: KeptAnswer | None) -> None:
        if answer:
            self._answers.append(answer)
        else:
            self._unreadable.append(record_id)

    def add_outcomes(self, rows: Sequence[Row]) -> None:
        """One address can be reached in several ways."""
        self._outcomes.update((bytes(row[0]), row[1]) for row in rows)

    def dossier(self, since: Sequence[float | None]) -> Dossier:
        outcomes = sorted(self._outcomes.values())
        return Dossier(since, self._enrichments, self._answers, outcomes, self._unreadable)
