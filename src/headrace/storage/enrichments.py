"""Stored enrichments, and the queue of those that run later."""

from collections.abc import Sequence

import msgspec
import structlog

from headrace.domain.errors import Problem
from headrace.domain.model import Account, Attempt, EnrichmentRequest
from headrace.engine.subjects import Subject
from headrace.ports import Clock, Progress, Queued, Reply, StoredEnrichment
from headrace.record import (
    EnrichmentRecord,
    attempt_records,
    decode_record,
    encode,
    queued_record,
    request_of,
)
from headrace.storage import books, idempotency
from headrace.storage.database import Database, Each, Row, Statement, Steps
from headrace.storage.ledger import ABOUT
from headrace.storage.owner import Owner
from headrace.storage.vault import Vault

_GET = """
    SELECT id, state, created_at, finished_at, charged, bulk_id, record FROM enrichments
    WHERE id = :enrichment AND account_id = :account AND state <> 'released' AND record IS NOT NULL
"""
_RECORD = "SELECT record FROM enrichments WHERE id = :enrichment AND record IS NOT NULL"
_REWRITE = "UPDATE enrichments SET record = :record WHERE id = :enrichment AND record IS NOT NULL"
_BULK = "INSERT INTO bulks (id, account_id, total, created_at) VALUES (:id, :account, :total, :at)"
_PROGRESS = """
    SELECT b.total, COUNT(CASE WHEN e.state = 'finished' THEN 1 END),
        COUNT(CASE WHEN e.state = 'queued' THEN 1 END)
    FROM bulks b JOIN enrichments e ON e.bulk_id = b.id
    WHERE b.id = :bulk AND b.account_id = :account GROUP BY b.id, b.total
"""
# From one account to the next: to pass every contact of a long queue would cost more, the longer it is.
_WAITING = """
    WITH RECURSIVE waiting (account_id) AS (
        SELECT MIN(account_id) FROM enrichments WHERE state = 'queued'
        UNION ALL
        SELECT (
            SELECT MIN(e.account_id) FROM enrichments e
            WHERE e.state = 'queued' AND e.account_id > waiting.account_id
        )
        FROM waiting WHERE waiting.account_id IS NOT NULL
    )
    SELECT account_id FROM waiting WHERE account_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM enrichments e
        WHERE e.state = 'queued' AND e.account_id = waiting.account_id
            AND (e.not_before <= e.created_at OR e.not_before <= :at)
    )
"""
_PUT_BACK = """
    UPDATE enrichments SET state = 'queued', owner = ''
    WHERE id = :enrichment AND state = 'running' AND owner = :owner
"""
_PUT_OFF = """
    UPDATE enrichments SET state = 'queued', owner = '', not_before = :until, put_off_since = :since,
        goes_on = :goes_on
    WHERE id = :enrichment AND state = 'running' AND owner = :owner
"""
_TAKEN = "SELECT id FROM enrichments WHERE state = 'running' AND owner = :owner AND mode = 'async'"
# In the order in which they were due; what was never put off is due since it came, whatever a clock says.
_TAKE = """
    UPDATE enrichments SET state = 'running', owner = :owner
    WHERE state = 'queued' AND id IN (
        SELECT id FROM enrichments WHERE state = 'queued' AND account_id = :account
            AND (not_before <= created_at OR not_before <= :at)
        ORDER BY not_before, created_at, place LIMIT :most
    ) RETURNING id, bulk_id, created_at, place, held, not_before, put_off_since, goes_on,
        record
"""


UNREADABLE = 600.0
"""Seconds until a contact whose record no key opens is looked at again: the key may be put back."""

log = structlog.get_logger()


class SqlEnrichments:
    """`ports.Enrichments`."""

    def __init__(self, database: Database, owner: Owner, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._owner = owner
        self._vault = vault
        self._clock = clock

    async def get(self, enrichment_id: str, account_id: str) -> StoredEnrichment | None:
        rows = await self._database.read(_GET, {"enrichment": enrichment_id, "account": account_id})
        return self._stored(rows[0]) if rows else None

    async def replace_attempts(
        self, enrichment_id: str, attempts: Sequence[Attempt], subjects: Sequence[str] = ()
    ) -> None:
        lines = attempt_records(attempts)
        about = [{"digest": self._vault.digest(each), "record": enrichment_id} for each in subjects]

        def operation() -> Steps[None]:
            rows = yield Statement(_RECORD, {"enrichment": enrichment_id})
            if rows:
                record = self._open(rows[0][0])
                record.attempts = lines
                yield Statement(_REWRITE, {"enrichment": enrichment_id, "record": self._seal(record)})
                yield Each(ABOUT, about)

        await self._database.write(operation)

    async def queue(
        self,
        requests: Sequence[EnrichmentRequest],
        account: Account,
        amounts: Sequence[int],
        ids: Sequence[str],
        bulk_id: str | None = None,
        reply: Reply | None = None,
    ) -> int:
        self._database.check_room()
        at = self._clock.wall()
        records = [self._seal(queued_record(request)) for request in requests]
        rows = [
            books.beginning(id_, account.id, amount, at, bulk_id=bulk_id, place=place, record=record)
            for place, (id_, amount, record) in enumerate(zip(ids, amounts, records, strict=True))
        ]
        holds = [
            books.entry(id_, "hold", account.id, amount, at) for id_, amount in zip(ids, amounts, strict=True)
        ]
        about = [
            {"digest": self._vault.digest(each), "record": id_}
            for id_, request in zip(ids, requests, strict=True)
            for each in Subject(request.contact).of_request
        ]

        # The answer to a single request repeats whom it is about, and is found by its enrichment when they
        # want to be left alone. That to a bulk tells the bulk's id alone.
        alone = None if bulk_id else ids[0]

        def operation() -> Steps[int]:
            if reply:
                if not (yield from idempotency.begin(self._vault, reply.claim, self._owner.id, at, alone)):
                    raise idempotency.in_use()
                yield from idempotency.end(self._vault, reply, self._owner.id, at)
            reserved = yield Statement(books.RESERVE, {"account": account.id, "amount": sum(amounts)})
            if not reserved:
                raise Problem("insufficient_credits")
            if bulk_id:
                bulk = {"id": bulk_id, "account": account.id, "total": len(rows), "at": at}
                yield Statement(_BULK, bulk)
            yield Each(books.BEGIN, rows)
            yield Each(books.ENTER, [hold.parameters for hold in holds])
            yield Each(ABOUT, about)
            return int(reserved[0][0])

        return await self._database.write(operation, key=account.id)

    async def progress(self, bulk_id: str, account_id: str) -> Progress | None:
        rows = await self._database.read(_PROGRESS, {"bulk": bulk_id, "account": account_id})
        if not rows:
            return None
        total, finished, queued = rows[0]
        return Progress(bulk_id, total, finished, queued)

    async def waiting(self) -> list[str]:
        return [row[0] for row in await self._database.read(_WAITING, {"at": self._clock.wall()})]

    async def take(self, account_id: str, most: int) -> list[Queued]:
        self._database.check_room()
        at = self._clock.wall()
        row = {"account": account_id, "owner": self._owner.id, "most": most, "at": at}

        def operation() -> Steps[list[Row]]:
            return (yield Statement(_TAKE, row))

        taken = await self._database.write(operation, key=account_id)
        taken.sort(key=lambda row: (row["not_before"], row["created_at"], row["place"]))
        found = [(row, self._queued(row)) for row in taken]
        for row in (row for row, queued in found if queued is None):
            log.error("record_unreadable", enrichment=row["id"])
            await self.put_off(row["id"], at + UNREADABLE, row["put_off_since"], bool(row["goes_on"]))
        return [queued for _, queued in found if queued]

    async def put_back(self, enrichment_id: str) -> None:
        await self._return(_PUT_BACK, {"enrichment": enrichment_id, "owner": self._owner.id})

    async def put_off(self, enrichment_id: str, until: float, since: float | None, goes_on: bool) -> None:
        row = {
            "enrichment": enrichment_id,
            "owner": self._owner.id,
            "until": until,
            "since": since,
            "goes_on": goes_on,
        }
        await self._return(_PUT_OFF, row)

    async def taken(self) -> list[str]:
        return [row[0] for row in await self._database.read(_TAKEN, {"owner": self._owner.id})]

    async def _return(self, sql: str, row: dict[str, object]) -> None:
        def operation() -> Steps[None]:
            yield Statement(sql, row)

        await self._database.write(operation, crowd=True)

    def _queued(self, row: Row) -> Queued | None:
        request = self._vault.read(row["record"], _request)
        if request is None:
            return None
        goes_on = bool(row["goes_on"])
        return Queued(row["id"], row["bulk_id"], request, row["held"], row["put_off_since"], goes_on)

    def _stored(self, row: Row) -> StoredEnrichment:
        return StoredEnrichment(
            id=row["id"],
            state=row["state"],
            created_at=row["created_at"],
            finished_at=row["finished_at"],
            charged=row["charged"],
            bulk_id=row["bulk_id"],
            record=self._open(row["record"]),
        )

    def _seal(self, record: EnrichmentRecord) -> bytes:
        return self._vault.seal(encode(record))

    def _open(self, sealed: bytes) -> EnrichmentRecord:
        return decode_record(self._vault.open(sealed))


def _request(record: bytes) -> EnrichmentRequest:
    """Raises `msgspec.MsgspecError`, also for a kind that a later version knows."""
    try:
        return request_of(decode_record(record))
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from None
