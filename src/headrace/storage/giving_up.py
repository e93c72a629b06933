"""Gives up what no key opens any more: the books, the accounts and their API keys can be used again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace.ports import Clock, Fence
from headrace.storage import books
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Statement, Steps
from headrace.storage.ledger import SqlLedger
from headrace.storage.sealed_columns import SEALED, Sealed
from headrace.storage.vault import Vault, is_plain

# Of each table: only what is still as it was read, as others may write, purge or erase meanwhile. What is
# under way will be settled with a record of its own.
_GIVE_UP: Mapping[str, Sequence[str]] = {
    "enrichments": (
        "UPDATE enrichments SET record = NULL WHERE id = :key AND record = :old AND state <> 'running'",
        """
        DELETE FROM subjects WHERE record_id = :key
            AND NOT EXISTS (SELECT 1 FROM enrichments WHERE id = :key AND state = 'running')
        """,
    ),
    "webhook_deliveries": (
        """
        UPDATE webhook_deliveries SET record = NULL, batch = NULL, next_at = NULL,
            finished_at = COALESCE(finished_at, :at),
            state = CASE WHEN state = 'pending' THEN 'failed' ELSE state END
        WHERE id = :key AND record = :old
        """,
    ),
    "idempotency_keys": ("DELETE FROM idempotency_keys WHERE digest = :key AND answer = :old",),
    "answers": (
        """
        DELETE FROM subjects
        WHERE record_id IN (SELECT id FROM answers WHERE question = :key AND answer = :old)
        """,
        "DELETE FROM answers WHERE question = :key AND answer = :old",
    ),
    "companies": ("DELETE FROM companies WHERE name = :key AND domains = :old",),
    "accounts": ("UPDATE accounts SET webhook_secrets = NULL WHERE id = :key AND webhook_secrets = :old",),
    "vendor_keys": ("DELETE FROM vendor_keys WHERE provider = :key AND credentials = :old",),
}
_NAMES = "SELECT id, name FROM accounts"


@dataclass(frozen=True, slots=True)
class Closed:
    """What no key opens: how many rows of each table that has any, and `all` that are sealed. `accounts`
    whose webhooks will be signed with a new secret, `vendors` whose API keys have to be entered again."""

    rows: Mapping[str, int]
    all: int
    accounts: Sequence[str]
    vendors: Sequence[str]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


class GivingUp:
    """One at a time in the whole fleet, and not while keys are rotated."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        fence: Fence,
        clock: Clock,
        audit_log: AuditLog,
        ledger: SqlLedger,
    ) -> None:
        self._database = database
        self._vault = vault
        self._fence = fence
        self._clock = clock
        self._audit_log = audit_log
        self._ledger = ledger

    async def look(self) -> Closed:
        """What would be given up."""
        return await self._walk(give_up=False)

    async def give_up(self, actor: str) -> Closed:
        """Give it up. What waited in a queue ends for nothing, what is under way stays until it ends, and the
        books stay as they are."""
        async with self._fence("rotate-keys"):
            await self._ledger.release_abandoned()  # what a dead process left goes back to its queue
            closed = await self._walk(give_up=True)
            await self._audit_log.record(actor, "records.give_up", "all")
            return closed

    async def _walk(self, *, give_up: bool) -> Closed:
        rows: dict[str, int] = {}
        keys: dict[str, list[str]] = {"accounts": [], "vendor_keys": []}
        total = 0
        for sealed in SEALED:
            async for page in sealed.pages(self._database):
                total += len(page)
                closed = [(row[0], bytes(row[1])) for row in page if self._is_closed(bytes(row[1]))]
                if closed:
                    rows[sealed.table] = rows.get(sealed.table, 0) + len(closed)
                    keys.get(sealed.table, []).extend(str(key) for key, _ in closed)
                    if give_up:
                        await self._give_up(sealed, closed)
        names = dict(await self._database.read(_NAMES, {}))
        return Closed(rows, total, [names[each] for each in keys["accounts"]], keys["vendor_keys"])

    def _is_closed(self, sealed: bytes) -> bool:
        return not is_plain(sealed) and not self._vault.opens(sealed)

    async def _give_up(self, sealed: Sealed, closed: Sequence[tuple[object, bytes]]) -> None:
        at = self._clock.wall()

        def operation() -> Steps[None]:
            for key, old in closed:
                if sealed.table == "enrichments":
                    yield from books.take_from_queue(str(key), at)
                for sql in _GIVE_UP[sealed.table]:
                    yield Statement(sql, {"key": key, "old": old, "at": at})

        await self._database.write(operation)
