"""Which mail hosts are left alone, kept for all processes and restarts."""

from contextlib import suppress

from headrace.domain.errors import Problem
from headrace.mail.pauses import Names, Pause
from headrace.ports import Clock
from headrace.storage.catch_all import FORGET
from headrace.storage.database import Database, Each, Statement, Steps
from headrace.storage.vault import Vault

_LONGEST = """
    SELECT reason, expires_at FROM catch_all WHERE name IN (:one, :other) AND expires_at > :now
    ORDER BY expires_at DESC LIMIT 1
"""
_BEGIN = """
    INSERT INTO catch_all (name, result, reason, found_at, expires_at)
    VALUES (:name, 'no', :reason, :now, :until)
    ON CONFLICT (name) DO UPDATE SET reason = excluded.reason, found_at = excluded.found_at,
        expires_at = excluded.expires_at
    WHERE catch_all.expires_at < excluded.expires_at
"""


class SqlPauses:
    """`mail.pauses.Pauses`, beside what is known of accept-all. While the database is away there are none,
    and none is kept."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def of(self, names: Names) -> Pause | None:
        one, other = map(self._digest, names)
        row = {"one": one, "other": other, "now": self._clock.wall()}
        with suppress(Problem):  # the database has logged it
            for reason, until in await self._database.read(_LONGEST, row):
                return Pause(reason, until)
        return None

    async def begin(self, names: Names, pause: Pause) -> None:
        row = {"reason": pause.reason, "now": self._clock.wall(), "until": pause.until}
        rows = [{**row, "name": self._digest(name)} for name in names]

        def operation() -> Steps[None]:
            yield Statement(FORGET, {"now": row["now"]})
            yield Each(_BEGIN, rows)

        with suppress(Problem):
            await self._database.write(operation, key="catch_all")

    def _digest(self, name: str) -> bytes:
        return self._vault.digest(f"pauses:{name}")
