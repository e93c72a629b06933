"""A database with a past."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from headrace.engine.ids import new_id

_RECORD = b'{"request":{"fields":["email"]},"attempts":[]}'
_PER_ACCOUNT = 1000


def fill(database: Path, rows: int) -> int:
    """Store `rows` finished enrichments with their ledger entries; returns how many accounts they belong to."""
    accounts = [new_id() for _ in range(max(1, rows // _PER_ACCOUNT))]
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executemany(
            "INSERT INTO accounts (id, name, created_at, available, held, consents_personal_email,"
            " phone_countries, validation, email_status_vocabulary, accept_risky)"
            " VALUES (?, ?, 0, 0, 0, 0, '', 'strict', 'schema', 0)",
            ((account, f"past {account}") for account in accounts),
        )
        now = time.time()  # or they would be purged for their age
        kept = list(_past(accounts, rows))
        connection.executemany(
            "INSERT INTO enrichments (id, account_id, state, owner, held, charged, created_at, finished_at, record)"
            " VALUES (?, ?, 'finished', 'past', 3000, 0, ?, 1, ?)",
            ((enrichment, account, now, _RECORD) for enrichment, account in kept),
        )
        connection.executemany("INSERT INTO ledger_entries VALUES (?, 'hold', ?, 3000, 0)", kept)
        connection.executemany("INSERT INTO ledger_entries VALUES (?, 'release', ?, 3000, 0)", kept)
    connection.close()
    return len(accounts)


def _past(accounts: list[str], rows: int) -> Iterator[tuple[str, str]]:
    for number in range(rows):
        yield new_id(), accounts[number % len(accounts)]
