"""Credits: immutable entries and cached balances."""

# The operations of a hold and of a settlement are defined anew each time: without this, their types would be
# worked out each time too.
from __future__ import annotations

import asyncio

from headrace.domain.errors import Problem
from headrace.engine.ids import new_id
from headrace.operate.ports import OPERATOR
from headrace.ports import Claim, Clock, Settlement
from headrace.record import encode, record_of
from headrace.storage import books, idempotency, webhooks
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Each, Statement, Steps
from headrace.storage.owner import Owner
from headrace.storage.vault import Vault

ABOUT = "INSERT INTO subjects (digest, record_id) VALUES (:digest, :record) ON CONFLICT DO NOTHING"
_GRANTED = """
    SELECT a.available FROM ledger_entries l JOIN accounts a ON a.id = l.account_id
    WHERE l.operation_id = :operation AND l.kind = :kind AND l.account_id = :account
"""
_OWNERS = """
    SELECT DISTINCT owner FROM enrichments WHERE state = 'running'
    UNION SELECT owner FROM idempotency_keys WHERE state = 'running'
"""
_ABANDONED = """
    SELECT id, account_id FROM enrichments WHERE state = 'running' AND mode = 'sync' AND owner = :owner
"""
_PAYER = "SELECT account_id FROM enrichments WHERE id = :enrichment"
_QUEUE_AGAIN = """
    UPDATE enrichments SET state = 'queued', owner = ''
    WHERE state = 'running' AND owner = :owner AND mode = 'async' RETURNING id
"""


class SqlLedger:
    """`ports.Ledger`, plus what an operator does with credits."""

    def __init__(
        self, database: Database, owner: Owner, vault: Vault, clock: Clock, audit_log: AuditLog
    ) -> None:
        self._database = database
        self._owner = owner
        self._vault = vault
        self._clock = clock
        self._audit_log = audit_log

    async def hold(self, enrichment_id: str, account_id: str, amount: int, claim: Claim | None = None) -> int:
        self._database.check_room()
        at = self._clock.wall()

        def operation() -> Steps[int | Problem]:
            if claim and not (
                yield from idempotency.begin(self._vault, claim, self._owner.id, at, enrichment_id)
            ):
                return idempotency.in_use()
            reserved = yield Statement(books.RESERVE, {"account": account_id, "amount": amount})
            if not reserved and claim:
                raise Problem("insufficient_credits")  # which takes the claim back too
            if not reserved:
                return Problem("insufficient_credits")
            yield Statement(
                books.BEGIN, books.beginning(enrichment_id, account_id, amount, at, owner=self._owner.id)
            )
            yield books.entry(enrichment_id, "hold", account_id, amount, at)
            return int(reserved[0][0])

        # The holds of a process that has ended are given back, so they need not outlive the machine either.
        available = await self._database.write(operation, crowd=True, key=account_id, fleeting=True)
        if isinstance(available, Problem):
            raise available
        return available

    async def settle(self, settlement: Settlement) -> int:
        enrichment, at, vault = settlement.enrichment, settlement.finished_at, self._vault
        finished = {
            "enrichment": enrichment.id,
            "state": "finished",
            "charged": enrichment.charged,
            "at": at,
            "record": vault.seal(encode(record_of(enrichment, at))),
        }
        about = [{"digest": vault.digest(each), "record": enrichment.id} for each in settlement.subjects]
        delivery = webhooks.delivery(vault, settlement) if settlement.webhook_body is not None else None

        def operation() -> Steps[int]:
            available = yield from books.end(finished, enrichment.charged, at)
            if available is None:
                return (yield from books.already_settled(enrichment.id))
            if about:
                yield Each(ABOUT, about)
            if delivery:
                yield Statement(webhooks.QUEUE, delivery)
            if settlement.reply:
                yield from idempotency.end(vault, settlement.reply, self._owner.id, at)
            return available

        return await self._database.write(operation, crowd=True, key=settlement.account_id)

    async def release(self, enrichment_id: str) -> int:
        rows = await self._database.read(_PAYER, {"enrichment": enrichment_id})
        available = await self._release(enrichment_id, rows[0][0]) if rows else None
        if available is None:
            raise LookupError(f"enrichment {enrichment_id} is not running")
        return available

    async def release_abandoned(self) -> int:
        """Give back what processes that have died since were holding, and queue again what they had taken
        from the queue; returns how many enrichments that were."""
        holding = {row[0] for row in await self._database.read(_OWNERS, {})}
        released = 0
        for owner in await self._owner.dead(holding):
            released += await self._release_all_of(owner)
            self._owner.bury(owner)
        return released

    async def grant(
        self, account_id: str, amount: int, operation_id: str | None = None, actor: str = OPERATOR
    ) -> int:
        """Add credits, or take some back with a negative amount; returns what is then available. A second
        grant with the same `operation_id` changes nothing.

        Raises `Problem(insufficient_credits)` when more would be taken back than is available.
        """
        at, named, kind = self._clock.wall(), operation_id or new_id(), books.kind_of(amount)

        def operation() -> Steps[int | None]:
            if done := (yield Statement(_GRANTED, {"operation": named, "kind": kind, "account": account_id})):
                return int(done[0][0])
            available = yield from books.grant(named, account_id, amount, at)
            if available is not None:
                yield from self._audit_log.line(actor, f"credits.{kind}", account_id)
            return available

        available = await self._database.write(operation, key=account_id)
        if available is None:
            raise Problem("insufficient_credits")
        return available

    async def _release_all_of(self, owner: str) -> int:
        abandoned = await self._database.read(_ABANDONED, {"owner": owner})
        released = await asyncio.gather(*(self._release(row[0], row[1]) for row in abandoned))

        def operation() -> Steps[int]:
            again = yield Statement(_QUEUE_AGAIN, {"owner": owner})
            yield Statement(idempotency.FORGET_RUNNING, {"owner": owner})
            return len(again)

        again = await self._database.write(operation)
        return sum(available is not None for available in released) + again

    async def _release(self, enrichment_id: str, account_id: str) -> int | None:
        at = self._clock.wall()
        return await self._database.write(
            lambda: books.release(enrichment_id, at), crowd=True, key=account_id
        )
