"""Stored enrichments."""

import sqlite3
from collections.abc import Sequence

from sqlalchemy import bindparam, literal_column, select, update

from headrace.domain.model import Attempt
from headrace.engine.record import attempt_records, encode
from headrace.ports import StoredEnrichment
from headrace.storage.database import Database
from headrace.storage.statement import compile_once
from headrace.storage.tables import enrichments

_GET = compile_once(
    select(
        enrichments.c.id,
        enrichments.c.created_at,
        enrichments.c.finished_at,
        enrichments.c.charged,
        enrichments.c.request,
        enrichments.c.results,
        enrichments.c.attempts,
        enrichments.c.custom,
    ).where(
        enrichments.c.id == bindparam("enrichment"),
        enrichments.c.account_id == bindparam("account"),
        enrichments.c.state == literal_column("'finished'"),
    )
)
_REPLACE_ATTEMPTS = compile_once(
    update(enrichments)
    .where(enrichments.c.id == bindparam("enrichment"))
    .values(attempts=bindparam("new_attempts"))
)


class SqliteEnrichments:
    """`ports.Enrichments` on a database file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, enrichment_id: str, account_id: str) -> StoredEnrichment | None:
        rows = self._database.read(_GET, {"enrichment": enrichment_id, "account": account_id})
        return StoredEnrichment(*rows[0]) if rows else None

    async def replace_attempts(self, enrichment_id: str, attempts: Sequence[Attempt]) -> None:
        row = {"enrichment": enrichment_id, "new_attempts": encode(attempt_records(attempts))}

        def operation(connection: sqlite3.Connection) -> None:
            connection.execute(_REPLACE_ATTEMPTS, row)

        await self._database.write(operation)
