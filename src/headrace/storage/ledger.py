"""Credits: immutable entries, cached balances, and the audit that compares the two."""

import sqlite3
from collections.abc import Mapping

from sqlalchemy import bindparam, insert, literal_column, select, update

from headrace.domain.errors import Problem
from headrace.engine.ids import new_id
from headrace.engine.record import RequestRecord, attempt_records, encode, value_records
from headrace.ports import Clock, Settlement
from headrace.storage.database import Database
from headrace.storage.owner import Owner
from headrace.storage.statement import compile_once
from headrace.storage.tables import accounts, enrichments, ledger_entries, webhook_deliveries

# Every entry moves its amount from one purse to another; what the operator granted and what was earned are
# purses too, so an entry can neither create nor lose a credit.
MOVES: Mapping[str, tuple[str, str]] = {
    "grant": ("granted", "available"),
    "take_back": ("available", "granted"),
    "hold": ("available", "held"),
    "charge": ("held", "earned"),
    "release": ("held", "available"),
}

_RUNNING = literal_column("'running'")
_account = accounts.c.id == bindparam("account")
_amount = bindparam("amount")

_RESERVE = compile_once(
    update(accounts)
    .where(_account, accounts.c.available >= _amount)
    .values(available=accounts.c.available - _amount, held=accounts.c.held + _amount)
    .returning(accounts.c.available)
)
_BEGIN = compile_once(
    insert(enrichments).values(
        id=bindparam("id"),
        account_id=bindparam("account"),
        state=_RUNNING,
        owner=bindparam("owner"),
        held=_amount,
        charged=literal_column("0"),
        created_at=bindparam("at"),
    )
)
_ENTER = compile_once(
    insert(ledger_entries).values(
        operation_id=bindparam("operation"),
        kind=bindparam("kind"),
        account_id=bindparam("account"),
        amount=_amount,
        at=bindparam("at"),
    )
)
_FINISH = compile_once(
    update(enrichments)
    .where(enrichments.c.id == bindparam("enrichment"), enrichments.c.state == _RUNNING)
    .values(
        state=bindparam("new_state"),
        charged=bindparam("new_charged"),
        finished_at=bindparam("at"),
        request=bindparam("new_request"),
        custom=bindparam("new_custom"),
        results=bindparam("new_results"),
        attempts=bindparam("new_attempts"),
    )
    .returning(enrichments.c.account_id, enrichments.c.held)
)
_UNHOLD = compile_once(
    update(accounts)
    .where(_account)
    .values(held=accounts.c.held - bindparam("was_held"), available=accounts.c.available + bindparam("back"))
    .returning(accounts.c.available)
)
_GRANT = compile_once(
    update(accounts)
    .where(_account, accounts.c.available + _amount >= literal_column("0"))
    .values(available=accounts.c.available + _amount)
    .returning(accounts.c.available)
)
_QUEUE_WEBHOOK = compile_once(
    insert(webhook_deliveries).values(
        id=bindparam("id"),
        enrichment_id=bindparam("enrichment"),
        account_id=bindparam("account"),
        url=bindparam("url"),
        body=bindparam("body"),
        state=literal_column("'queued'"),
        created_at=bindparam("at"),
    )
)
_OWNERS = compile_once(select(enrichments.c.owner).where(enrichments.c.state == _RUNNING).distinct())
_ABANDONED = compile_once(
    select(enrichments.c.id).where(enrichments.c.state == _RUNNING, enrichments.c.owner == bindparam("owner"))
)


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
        owners = [row[0] for row in self._database.read(_OWNERS, {})]
        released = 0
        for owner in owners:
            if owner != self._owner.id and self._owner.is_dead(owner):
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
    unheld = connection.execute(_UNHOLD, {"account": account, "was_held": held, "back": back}).fetchone()
    return int(unheld[0])


def _release(connection: sqlite3.Connection, enrichment_id: str, at: float) -> int:
    nothing = dict.fromkeys(("new_request", "new_custom", "new_results", "new_attempts"))
    row = {"enrichment": enrichment_id, "new_state": "released", "new_charged": 0, "at": at, **nothing}
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
        "new_state": "finished",
        "new_charged": enrichment.charged,
        "at": settlement.finished_at,
        "new_request": encode(request),
        "new_custom": enrichment.request.custom,
        "new_results": encode(value_records(enrichment.results, settlement.finished_at)),
        "new_attempts": encode(attempt_records(enrichment.attempts)),
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
