"""Credits: immutable entries, cached balances, and the audit that compares the two."""

import sqlite3
from collections.abc import Mapping

from headrace.domain.errors import Problem
from headrace.engine.ids import new_id
from headrace.engine.record import RequestRecord, attempt_records, encode, value_records
from headrace.ports import Clock, Settlement
from headrace.storage.database import Database
from headrace.storage.owner import Owner

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
_RESERVE = """
    UPDATE accounts SET available = available - :amount, held = held + :amount
    WHERE id = :account AND available >= :amount RETURNING available
"""
_BEGIN = """
    INSERT INTO enrichments (id, account_id, state, owner, held, charged, created_at)
    VALUES (:id, :account, 'running', :owner, :amount, 0, :at)
"""
_ENTER = """
    INSERT INTO ledger_entries (operation_id, kind, account_id, amount, at)
    VALUES (:operation, :kind, :account, :amount, :at)
"""
_FINISH = """
    UPDATE enrichments
    SET state = :state, charged = :charged, finished_at = :at,
        request = :request, custom = :custom, results = :results, attempts = :attempts
    WHERE id = :enrichment AND state = 'running' RETURNING account_id, held
"""
_UNHOLD = """
    UPDATE accounts SET held = held - :held, available = available + :back
    WHERE id = :account RETURNING available
"""
_GRANT = """
    UPDATE accounts SET available = available + :amount
    WHERE id = :account AND available + :amount >= 0 RETURNING available
"""
_QUEUE_WEBHOOK = """
    INSERT INTO webhook_deliveries (id, enrichment_id, account_id, url, body, state, created_at)
    VALUES (:id, :enrichment, :account, :url, :body, 'queued', :at)
"""
_OWNERS = "SELECT DISTINCT owner FROM enrichments WHERE state = 'running'"
_ABANDONED = "SELECT id FROM enrichments WHERE state = 'running' AND owner = :owner"


class SqliteLedger:
    """`ports.Ledger` on a database file, plus what an operator does with credits."""

    def __init__(self, database: Database, owner: Owner, clock: Clock) -> None:
        self._database = database
        self._owner = owner
        self._clock = clock

    async def hold(self, enrichment_id: str, account_id: str, amount: int) -> int:
        at = self._clock.wall()
        row = {
            "id": enrichment_id,
            "account": account_id,
            "owner": self._owner.id,
            "amount": amount,
            "at": at,
        }

        def operation(connection: sqlite3.Connection) -> int | None:
            reserved = connection.execute(_RESERVE, {"account": account_id, "amount": amount}).fetchone()
            if reserved is None:
                return None
            connection.execute(_BEGIN, row)
            _enter(connection, enrichment_id, "hold", account_id, amount, at)
            return int(reserved[0])

        available = await self._database.write(operation)
        if available is None:
            raise Problem("insufficient_credits")
        return available

    async def settle(self, settlement: Settlement) -> int:
        enrichment, at = settlement.enrichment, settlement.finished_at
        finished = _finished_row(settlement)
        webhook = _webhook_row(settlement)

        def operation(connection: sqlite3.Connection) -> int:
            available = _end(connection, finished, enrichment.charged, at)
            if webhook:
                connection.execute(_QUEUE_WEBHOOK, webhook)
            return available

        return await self._database.write(operation)

    async def release(self, enrichment_id: str) -> int:
        at = self._clock.wall()
        return await self._database.write(lambda connection: _release(connection, enrichment_id, at))

    async def release_abandoned(self) -> int:
        """Give back what processes that have died since were holding; returns how many holds that were."""
        holding = {row[0] for row in self._database.read(_OWNERS, {})}
        dead = self._owner.dead() | {owner for owner in holding if self._owner.is_dead(owner)}
        released = 0
        for owner in dead:
            released += await self._release_all_of(owner)
            self._owner.bury(owner)
        return released

    async def grant(self, account_id: str, amount: int) -> int:
        """Add credits, or take some back with a negative amount; returns what is then available.

        Raises `Problem(insufficient_credits)` when more would be taken back than is available.
        """
        at, operation_id = self._clock.wall(), new_id()
        kind = "grant" if amount >= 0 else "take_back"

        def operation(connection: sqlite3.Connection) -> int | None:
            granted = connection.execute(_GRANT, {"account": account_id, "amount": amount}).fetchone()
            if granted is None:
                return None
            _enter(connection, operation_id, kind, account_id, abs(amount), at)
            return int(granted[0])

        available = await self._database.write(operation)
        if available is None:
            raise Problem("insufficient_credits")
        return available

    async def _release_all_of(self, owner: str) -> int:
        at = self._clock.wall()

        def operation(connection: sqlite3.Connection) -> int:
            abandoned = [row[0] for row in connection.execute(_ABANDONED, {"owner": owner})]
            for enrichment_id in abandoned:
                _release(connection, enrichment_id, at)
            return len(abandoned)

        return await self._database.write(operation)


def _enter(
    connection: sqlite3.Connection, operation: str, kind: str, account: str, amount: int, at: float
) -> None:
    connection.execute(
        _ENTER, {"operation": operation, "kind": kind, "account": account, "amount": amount, "at": at}
    )


def _end(connection: sqlite3.Connection, finished: Mapping[str, object], charged: int, at: float) -> int:
    """Close a running enrichment: charge, give back the rest. An enrichment that is not running any more
    (its hold was given back) is a bug or a second settlement, and neither may move money."""
    row = connection.execute(_FINISH, finished).fetchone()
    if row is None:
        raise LookupError(f"enrichment {finished['enrichment']} is not running")
    account, held = row
    back = held - charged
    operation = str(finished["enrichment"])
    if charged:
        _enter(connection, operation, "charge", account, charged, at)
    if back:
        _enter(connection, operation, "release", account, back, at)
    unheld = connection.execute(_UNHOLD, {"account": account, "held": held, "back": back}).fetchone()
    return int(unheld[0])


def _release(connection: sqlite3.Connection, enrichment_id: str, at: float) -> int:
    nothing = dict.fromkeys(("request", "custom", "results", "attempts"))
    row = {"enrichment": enrichment_id, "state": "released", "charged": 0, "at": at, **nothing}
    return _end(connection, row, 0, at)


def _finished_row(settlement: Settlement) -> dict[str, object]:
    enrichment = settlement.enrichment
    contact = enrichment.request.contact
    request = RequestRecord(
        contact.first_name,
        contact.last_name,
        contact.company_name,
        contact.domain,
        contact.linkedin_url,
        tuple(wanted.value for wanted in enrichment.request.fields),
    )
    return {
        "enrichment": enrichment.id,
        "state": "finished",
        "charged": enrichment.charged,
        "at": settlement.finished_at,
        "request": encode(request),
        "custom": enrichment.request.custom,
        "results": encode(value_records(enrichment.results, settlement.finished_at)),
        "attempts": encode(attempt_records(enrichment.attempts)),
    }


def _webhook_row(settlement: Settlement) -> dict[str, object] | None:
    if settlement.webhook_body is None:
        return None
    return {
        "id": new_id(),
        "enrichment": settlement.enrichment.id,
        "account": settlement.account_id,
        "url": settlement.enrichment.request.webhook_url,
        "body": settlement.webhook_body,
        "at": settlement.finished_at,
    }
