"""What a server leaves behind, as a stranger reads it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg


class Books:
    """The database at `location`, a file or a `postgresql://` URL. Amounts are milli-credits."""

    def __init__(self, location: Path | str) -> None:
        self._location = location

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if isinstance(self._location, Path):
            with closing(sqlite3.connect(self._location)) as connection:
                return connection.execute(sql).fetchall()
        with psycopg.connect(self._location) as server:
            return server.execute(sql.encode()).fetchall()

    def number(self, sql: str) -> int:
        return int(self.rows(sql)[0][0])

    @property
    def started(self) -> int:
        """How many enrichments have ever begun."""
        return self.number("SELECT COUNT(*) FROM enrichments")

    @property
    def held(self) -> int:
        return self.number("SELECT SUM(held) FROM accounts")

    def running(self) -> int:
        return self.number("SELECT COUNT(*) FROM enrichments WHERE state IN ('running', 'queued')")

    def quiet(self) -> bool:
        """Nothing is held and nothing runs."""
        return (self.held, self.running()) == (0, 0)

    def charged(self) -> dict[str, int]:
        """What the entries say each enrichment was charged."""
        return dict(self.rows("SELECT operation_id, amount FROM ledger_entries WHERE kind = 'charge'"))

    def finished(self) -> dict[str, int]:
        """What each stored record says that it was charged."""
        return dict(
            self.rows(
                "SELECT id, charged FROM enrichments"
                " WHERE state = 'finished' AND record IS NOT NULL AND finished_at IS NOT NULL"
            )
        )

    def finished_later(self) -> int:
        """How many enrichments that were queued have been finished."""
        return self.number("SELECT COUNT(*) FROM enrichments WHERE mode = 'async' AND state = 'finished'")
