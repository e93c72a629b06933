"""What became of addresses: each counts once, by its keyed hash, for who was right and who was not."""

from collections.abc import Sequence

from headrace.finder.rates import NEVER, Heard, Tally, tally
from headrace.operate.ports import Judgement
from headrace.ports import Clock
from headrace.record import EnrichmentRecord, decode_record
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Statement, Steps
from headrace.storage.reputation import SqlReputation
from headrace.storage.vault import Vault

_BATCH = 200
"""Outcomes in one commit."""

_RECORDS = """
    SELECT e.record FROM subjects s JOIN enrichments e ON e.id = s.record_id
    WHERE s.digest = :digest AND e.state = 'finished' AND e.record IS NOT NULL
    ORDER BY e.created_at DESC LIMIT 20
"""
_NOTE = """
    INSERT INTO outcomes (address, reported_at) VALUES (:address, :at)
    ON CONFLICT DO NOTHING RETURNING address
"""


class SqlOutcomes:
    """`operate.ports.OutcomeBook`."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, audit_log: AuditLog, reputation: SqlReputation
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._audit_log = audit_log
        self._reputation = reputation

    async def records(self, identifier: str) -> list[EnrichmentRecord]:
        rows = await self._database.read(_RECORDS, {"digest": self._vault.digest(identifier)})
        return [decode_record(self._vault.open(row[0])) for row in rows]

    async def count(self, judgements: Sequence[Judgement], actor: str) -> list[bool]:
        counted: list[bool] = []
        for start in range(0, len(judgements), _BATCH):
            batch = judgements[start : start + _BATCH]
            counted += await self._database.write(lambda: self._count(batch, actor), key="reputation")  # noqa: B023
        return counted

    def _count(self, judgements: Sequence[Judgement], actor: str) -> Steps[list[bool]]:
        at, counted = self._clock.wall(), []
        words: dict[Heard, Tally] = {}
        steps: dict[float, tuple[float, float]] = {}
        for each in judgements:
            address = self._vault.digest(each.identifier)
            counted.append(bool((yield Statement(_NOTE, {"address": address, "at": at}))))
            if not counted[-1]:
                continue
            for word in each.words:
                words[word] = words.get(word, NEVER).plus(tally(float(each.delivered)))
            if each.stated is not None:
                arrived, bounced = steps.get(each.stated, (0.0, 0.0))
                steps[each.stated] = arrived + each.delivered, bounced + (not each.delivered)
        if any(counted):
            yield from self._reputation.adding(words)
            yield from self._reputation.adding_outcomes(steps)
            yield from self._audit_log.line(actor, "outcomes.report", f"{sum(counted)} counted")
        return counted
