"""Stored enrichments."""

import sqlite3
from collections.abc import Sequence

from headrace.domain.model import Attempt
from headrace.engine.record import attempt_records, encode
from headrace.ports import StoredEnrichment
from headrace.storage.database import Database

_GET = """
    SELECT id, created_at, finished_at, charged, request, results, attempts, custom FROM enrichments
    WHERE id = :enrichment AND account_id = :account AND state = 'finished'
"""
_REPLACE_ATTEMPTS = "UPDATE enrichments SET attempts = :attempts WHERE id = :enrichment"


class SqliteEnrichments:
    """`ports.Enrichments` on a database file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, enrichment_id: str, account_id: str) -> StoredEnrichment | None:
        rows = self._database.read(_GET, {"enrichment": enrichment_id, "account": account_id})
        return StoredEnrichment(*rows[0]) if rows else None

    async def replace_attempts(self, enrichment_id: str, attempts: Sequence[Attempt]) -> None:
        row = {"enrichment": enrichment_id, "attempts": encode(attempt_records(attempts))}

        def operation(connection: sqlite3.Connection) -> None:
            connection.execute(_REPLACE_ATTEMPTS, row)

        await self._database.write(operation)
