"""Forgets what has been kept for long enough, counted from when it was first collected."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import structlog

from headrace.ports import Clock
from headrace.storage import books
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Each, Statement, Steps

_BATCH = 500
"""Records in one commit: few enough that nobody waits long behind it."""

_DAY = 86_400.0

_OLD_RECORDS = """
    SELECT id FROM enrichments WHERE record IS NOT NULL AND state = 'finished' AND created_at < :cutoff
    ORDER BY created_at LIMIT :most
"""
_OLD_QUEUED = """
    SELECT id FROM enrichments WHERE state = 'queued' AND created_at < :cutoff ORDER BY created_at LIMIT :most
"""
_EMPTY_RECORD = "UPDATE enrichments SET record = NULL WHERE id = :record"
_EMPTY_DELIVERIES = """
    UPDATE webhook_deliveries SET record = NULL, batch = NULL, next_at = NULL,
        finished_at = COALESCE(finished_at, :at),
        state = CASE WHEN state = 'pending' THEN 'failed' ELSE state END
    WHERE enrichment_id = :record AND record IS NOT NULL
"""
_FORGET_SUBJECTS = "DELETE FROM subjects WHERE record_id = :record"
_OLD_ANSWERS = """
    SELECT id FROM answers WHERE first_obtained_at < :cutoff ORDER BY first_obtained_at LIMIT :most
"""
_FORGET_ANSWER = "DELETE FROM answers WHERE id = :record"
_FORGET_COMPANIES = """
    DELETE FROM companies
    WHERE name IN (SELECT name FROM companies WHERE updated_at < :cutoff LIMIT :most) RETURNING name
"""
_FORGET_OUTCOMES = """
    DELETE FROM outcomes
    WHERE address IN (SELECT address FROM outcomes WHERE reported_at < :cutoff LIMIT :most) RETURNING address
"""
_FORGET_REPLIES = """
    DELETE FROM idempotency_keys
    WHERE digest IN (SELECT digest FROM idempotency_keys WHERE expires_at < :at LIMIT :most) RETURNING digest
"""

Progress = Callable[[str, int], None]
"""Hears of what kind how many were forgotten so far."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Periods:
    """Days for which each kind is kept; `answers` also holds for what they taught about companies."""

    results: float
    answers: float
    audit: float


@dataclass(frozen=True, slots=True)
class Purged:
    """How many of each kind were forgotten."""

    results: int
    answers: int
    replies: int
    companies: int
    outcomes: int
    audit: int


class Retention:
    """Of the records of enrichments, their webhooks, vendors' answers, replies, the domains of companies and
    the audit log."""

    def __init__(self, database: Database, clock: Clock, audit_log: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._audit_log = audit_log

    async def purge(self, periods: Periods, progress: Progress = lambda kind, count: None) -> Purged:
        """Forget all that is overdue, a batch a commit. The books and who was suppressed stay."""
        now = self._clock.wall()
        oldest = now - periods.results * _DAY
        purged = Purged(
            results=await self._in_batches("results", oldest, self._results, progress)
            + await self._in_batches("queued", oldest, self._queued, progress),
            answers=await self._in_batches("answers", now - periods.answers * _DAY, self._answers, progress),
            replies=await self._in_batches("replies", now, self._replies, progress),
            companies=await self._in_batches(
                "companies", now - periods.answers * _DAY, self._companies, progress
            ),
            outcomes=await self._in_batches("outcomes", oldest, self._outcomes, progress),
            audit=await self._database.write(
                lambda: self._audit_log.forget_before(now - periods.audit * _DAY)
            ),
        )
        if any(asdict(purged).values()):
            log.info("purged", **asdict(purged))
        return purged

    async def _in_batches(
        self, kind: str, cutoff: float, forget: Callable[[float], Steps[int]], progress: Progress
    ) -> int:
        total = 0
        while done := await self._database.write(lambda: forget(cutoff)):
            total += done
            progress(kind, total)
        return total

    def _results(self, cutoff: float) -> Steps[int]:
        old = yield Statement(_OLD_RECORDS, {"cutoff": cutoff, "most": _BATCH})
        records = [{"record": row[0]} for row in old]
        at = self._clock.wall()
        yield Each(_EMPTY_RECORD, records)
        yield Each(_EMPTY_DELIVERIES, [{**record, "at": at} for record in records])
        yield Each(_FORGET_SUBJECTS, records)
        return len(records)

    def _queued(self, cutoff: float) -> Steps[int]:
        """What has waited for so long that it must not be kept any longer ends for nothing."""
        at, ended = self._clock.wall(), 0
        for row in (yield Statement(_OLD_QUEUED, {"cutoff": cutoff, "most": _BATCH})):
            ended += yield from books.take_from_queue(row[0], at)
            yield Statement(_FORGET_SUBJECTS, {"record": row[0]})
        return ended

    def _answers(self, cutoff: float) -> Steps[int]:
        old = yield Statement(_OLD_ANSWERS, {"cutoff": cutoff, "most": _BATCH})
        records = [{"record": row[0]} for row in old]
        yield Each(_FORGET_ANSWER, records)
        yield Each(_FORGET_SUBJECTS, records)
        return len(records)

    def _companies(self, cutoff: float) -> Steps[int]:
        return len((yield Statement(_FORGET_COMPANIES, {"cutoff": cutoff, "most": _BATCH})))

    def _outcomes(self, cutoff: float) -> Steps[int]:
        return len((yield Statement(_FORGET_OUTCOMES, {"cutoff": cutoff, "most": _BATCH})))

    def _replies(self, cutoff: float) -> Steps[int]:
        return len((yield Statement(_FORGET_REPLIES, {"at": cutoff, "most": _BATCH})))
