"""Whether domains accept everything, kept with its age for all processes and restarts."""

from contextlib import suppress

from headrace.domain.errors import Problem
from headrace.mail.catchall import Finding
from headrace.mail.evidence import Result
from headrace.ports import Clock
from headrace.storage.database import Database, Statement, Steps
from headrace.storage.vault import Vault

_GET = "SELECT result, reason, found_at FROM catch_all WHERE name = :name AND expires_at > :now"
_PUT = """
    INSERT INTO catch_all (name, result, reason, found_at, expires_at)
    VALUES (:name, :result, :reason, :at, :until)
    ON CONFLICT (name) DO UPDATE SET result = excluded.result, reason = excluded.reason,
        found_at = excluded.found_at, expires_at = excluded.expires_at
"""
FORGET = "DELETE FROM catch_all WHERE expires_at <= :now"


class SqlFindings:
    """`mail.catchall.Findings`. While the database is away nothing is known and nothing is kept."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def get(self, name: str) -> Finding | None:
        row = {"name": self._digest(name), "now": self._clock.wall()}
        with suppress(Problem):  # the database has logged it
            for result, reason, at in await self._database.read(_GET, row):
                return Finding(Result(result), reason, at)
        return None

    async def put(self, name: str, finding: Finding, seconds: float) -> None:
        now = self._clock.wall()
        row = {
            "name": self._digest(name),
            "result": finding.result.value,
            "reason": finding.reason,
            "at": finding.at,
            "until": now + seconds,
        }

        def operation() -> Steps[None]:
            yield Statement(FORGET, {"now": now})
            yield Statement(_PUT, row)

        with suppress(Problem):
            await self._database.write(operation, key="catch_all")

    def _digest(self, name: str) -> bytes:
        return self._vault.digest(f"catch_all:{name}")
