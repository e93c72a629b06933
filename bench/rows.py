"""A database with a past."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from headrace.engine.ids import new_id

_ATTEMPTS = b'[{"field":"email","provider":"leadmagic","kind":"find","outcome":"found"}]'
_PER_ACCOUNT = 1000


def fill(database: Path, rows: int) -> int:
    """Store `rows` finished enrichments with their ledger entries; returns how many accounts they belong to."""
    accounts = [new_id() for _ in range(max(1, rows // _PER_ACCOUNT))]
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executemany(
            "INSERT INTO accounts VALUES (?, ?, 0, 0, 0, 0, '', 'strict', 'schema', 0)",
            ((account, f"past {account}") for account in accounts),
        )
        kept = list(_past(accounts, rows))
        connection.executemany(
            "INSERT INTO enrichments VALUES (?, ?, 'finished', 'past', 3000, 0, 0, 1, '{}', NULL, '{}', ?)",
            ((enrichment, account, _ATTEMPTS) for enrichment, account in kept),
        )
        connection.executemany("INSERT INTO ledger_entries VALUES (?, 'hold', ?, 3000, 0)", kept)
        connection.executemany("INSERT INTO ledger_entries VALUES (?, 'release', ?, 3000, 0)", kept)
    connection.close()
    return len(accounts)


def _past(accounts: list[str], rows: int) -> Iterator[tuple[str, str]]:
    for number in range(rows):
        yield new_id(), accounts[number % len(accounts)]
