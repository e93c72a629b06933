"""The columns that are sealed, and a walk through each of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from headrace.storage.database import Database, Row

_BATCH = 200
"""Rows in one commit."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column that is sealed, and the key that its table is walked by, from `first` on."""

    table: str
    key: str
    column: str
    first: str | bytes = ""

    async def pages(self, database: Database) -> AsyncIterator[list[Row]]:
        """The key and what is sealed, of all rows that have it, some at a time."""
        sql = (
            f"SELECT {self.key}, {self.column} FROM {self.table}"  # noqa: S608
            f" WHERE {self.key} > :after AND {self.column} IS NOT NULL ORDER BY {self.key} LIMIT :most"
        )
        after: object = self.first
        while rows := await database.read(sql, {"after": after, "most": _BATCH}):
            yield rows
            after = rows[-1][0]


SEALED = (
    Sealed("enrichments", "id", "record"),
    Sealed("webhook_deliveries", "id", "record"),
    Sealed("idempotency_keys", "digest", "answer", b""),
    Sealed("answers", "question", "answer", b""),
    Sealed("companies", "name", "domains", b""),
    Sealed("accounts", "id", "webhook_secrets"),
    Sealed("vendor_keys", "provider", "credentials"),
)
"""All there are; a test compares with the tables."""
