"""Credits: immutable entries and cached balances."""

import asyncio
from collections.abc import Mapping

from headrace.domain.errors import Problem
from headrace.engine.ids import new_id
from headrace.operate.ports import OPERATOR
from headrace.ports import Claim, Clock, Settlement
from headrace.record import encode, record_of
from headrace.storage import idempotency, webhooks
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Each, Statement, Steps
from headrace.storage.owner import Owner
from headrace.storage.vault import Vault

# Every entry moves its amount from one purse to another; what the operator granted and what was earned are
# purses too, so an entry can neither create nor lose a credit.
MOVES: Mapping[str, tuple[str, str]] = {
    "grant": ("granted", "available"),
    "take_back": ("available", "granted"),
    "hold": ("available", "held"),
    "charge": ("held", "earned"),
    "release": ("held", "available"),
}

# One statement decides and takes, so that however many ask at once, a balance cannot go below zero.
RESERVE = """
    UPDATE accounts SET available = available - :amount, held = held + :amount
    WHERE id = :account AND available >= :amount RETURNING available
"""
BEGIN = """
    INSERT INTO enrichments
        (id, account_id, state, mode, owner, held, charged, created_at, bulk_id, place, record)
    VALUES (:id, :account, :state, :mode, :owner, :amount, 0, :at, :bulk, :place, :record)
"""
ENTER = """
    INSERT INTO ledger_entries (operation_id, kind, account_id, amount, at)
    VALUES (:operation, :kind, :account, :amount, :at)
"""
_FINISH = """
    UPDATE enrichments SET state = :state, charged = :charged, finished_at = :at, record = :record
    WHERE id = :enrichment AND state IN ('running', 'queued') RETURNING account_id, held
"""
_ENDED = """
    SELECT a.available FROM enrichments e JOIN accounts a ON a.id = e.account_id
    WHERE e.id = :enrichment AND e.state = 'finished'
"""
_UNHOLD = """
    UPDATE accounts SET held = held - :held, available = available + :back
    WHERE id = :account RETURNING available
"""
_GRANT = """
    UPDATE accounts SET available = available + :amount
    WHERE id = :account AND available + :amount >= 0 RETURNING available
"""
_GRANTED = """
    SELECT a.available FROM ledger_entries l JOIN accounts a ON a.id = l.account_id
    WHERE l.operation_id = :operation AND l.kind = :kind AND l.account_id = :account
"""
ABOUT = "INSERT INTO subjects (digest, record_id) VALUES (:digest, :record) ON CONFLICT DO NOTHING"
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
        at = self._clock.wall()

        def operation() -> Steps[int | None]:
            if claim:
                yield from idempotency.begin(self._vault, claim, self._owner.id, at, enrichment_id)
            reserved = yield Statement(RESERVE, {"account": account_id, "amount": amount})
            if not reserved and claim:
                raise Problem("insufficient_credits")  # which takes the claim back too
            if not reserved:
                return None
            yield Statement(BEGIN, beginning(enrichment_id, account_id, amount, at, owner=self._owner.id))
            yield entry(enrichment_id, "hold", account_id, amount, at)
            return int(reserved[0][0])

        available = await self._database.write(operation, crowd=True, key=account_id)
        if available is None:
            raise Problem("insufficient_credits")
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
            available = yield from _end(finished, enrichment.charged, at)
            if available is None:
                return (yield from _already_settled(enrichment.id))
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
        at, named, kind = self._clock.wall(), operation_id or new_id(), _kind(amount)

        def operation() -> Steps[int | None]:
            if done := (yield Statement(_GRANTED, {"operation": named, "kind": kind, "account": account_id})):
                return int(done[0][0])
            available = yield from grant(named, account_id, amount, at)
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
        return await self._database.write(lambda: _release(enrichment_id, at), crowd=True, key=account_id)


def beginning(
    enrichment_id: str,
    account_id: str,
    amount: int,
    at: float,
    *,
    owner: str = "",
    bulk_id: str | None = None,
    place: int = 0,
    record: bytes | None = None,
) -> dict[str, object]:
    """The row of an enrichment that begins: at once for its `owner`, or in the queue with its `record`."""
    return {
        "id": enrichment_id,
        "account": account_id,
        "state": "queued" if record else "running",
        "mode": "async" if record else "sync",
        "owner": owner,
        "amount": amount,
        "at": at,
        "bulk": bulk_id,
        "place": place,
        "record": record,
    }


def entry(operation: str, kind: str, account: str, amount: int, at: float) -> Statement:
    """One line of the books."""
    row = {"operation": operation, "kind": kind, "account": account, "amount": amount, "at": at}
    return Statement(ENTER, row)


def grant(operation: str, account_id: str, amount: int, at: float) -> Steps[int | None]:
    """Add credits, or take some back; returns what is available, or `None` when that is less."""
    granted = yield Statement(_GRANT, {"account": account_id, "amount": amount})
    if not granted:
        return None
    yield entry(operation, _kind(amount), account_id, abs(amount), at)
    return int(granted[0][0])


def _kind(amount: int) -> str:
    return "grant" if amount >= 0 else "take_back"


def _release(enrichment_id: str, at: float) -> Steps[int | None]:
    """Give a hold back whole; returns what is available. `None` when it is not running any more."""
    row = {"enrichment": enrichment_id, "state": "released", "charged": 0, "at": at, "record": None}
    available = yield from _end(row, 0, at)
    if available is not None:
        yield Statement(idempotency.FORGET_ENRICHMENT, {"enrichment": enrichment_id})
    return available


def _end(finished: Mapping[str, object], charged: int, at: float) -> Steps[int | None]:
    """Close a running enrichment: charge, give back the rest. `None` when it is not running any more: it may
    have been settled, or its hold was given back, and neither may move money again."""
    rows = yield Statement(_FINISH, finished)
    if not rows:
        return None
    account, held = rows[0]
    back = held - charged
    operation = str(finished["enrichment"])
    if charged:
        yield entry(operation, "charge", account, charged, at)
    if back:
        yield entry(operation, "release", account, back, at)
    unheld = yield Statement(_UNHOLD, {"account": account, "held": held, "back": back})
    return int(unheld[0][0])


def _already_settled(enrichment_id: str) -> Steps[int]:
    """A settlement whose commit was not heard of is made again, and finds itself done."""
    rows = yield Statement(_ENDED, {"enrichment": enrichment_id})
    if not rows:
        raise LookupError(f"enrichment {enrichment_id} is not running")
    return int(rows[0][0])
