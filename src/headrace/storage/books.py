"""The steps that move credits, for the operations that need them."""

from collections.abc import Mapping

from headrace.storage import idempotency
from headrace.storage.database import Statement, Steps

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
        (id, account_id, state, mode, owner, held, charged, created_at, not_before, bulk_id, place, record)
    VALUES (:id, :account, :state, :mode, :owner, :amount, 0, :at, :at, :bulk, :place, :record)
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
_FORGET_SUBJECTS = "DELETE FROM subjects WHERE record_id = :enrichment"
_WAITS = "SELECT 1 FROM enrichments WHERE id = :enrichment AND state = 'queued'"
_UNHOLD = """
    UPDATE accounts SET held = held - :held, available = available + :back
    WHERE id = :account RETURNING available
"""
_GRANT = """
    UPDATE accounts SET available = available + :amount
    WHERE id = :account AND available + :amount >= 0 RETURNING available
"""


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
    yield entry(operation, kind_of(amount), account_id, abs(amount), at)
    return int(granted[0][0])


def kind_of(amount: int) -> str:
    return "grant" if amount >= 0 else "take_back"


def release(enrichment_id: str, at: float) -> Steps[int | None]:
    """Give a hold back whole; returns what is available. `None` when it is not running any more."""
    row = {"enrichment": enrichment_id, "state": "released", "charged": 0, "at": at, "record": None}
    available = yield from end(row, 0, at)
    if available is not None:
        yield Statement(idempotency.FORGET_ENRICHMENT, {"enrichment": enrichment_id})
        yield Statement(_FORGET_SUBJECTS, {"enrichment": enrichment_id})
    return available


def end(finished: Mapping[str, object], charged: int, at: float) -> Steps[int | None]:
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


def take_from_queue(enrichment_id: str, at: float) -> Steps[bool]:
    """End an enrichment whose turn has not come, for nothing and without a record. Whether there was one."""
    if not (yield Statement(_WAITS, {"enrichment": enrichment_id})):
        return False
    ended = {"enrichment": enrichment_id, "state": "finished", "charged": 0, "at": at, "record": None}
    return (yield from end(ended, 0, at)) is not None


def already_settled(enrichment_id: str) -> Steps[int]:
    """A settlement whose commit was not heard of is made again, and finds itself done."""
    rows = yield Statement(_ENDED, {"enrichment": enrichment_id})
    if not rows:
        raise LookupError(f"enrichment {enrichment_id} is not running")
    return int(rows[0][0])
