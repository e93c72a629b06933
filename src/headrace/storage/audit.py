"""Recomputes the books from their entries and says where they differ from what is stored."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from headrace.storage.books import MOVES
from headrace.storage.database import Database, Row, Statement, Steps

_BALANCES = "SELECT id, name, available, held FROM accounts"
_SUMS = """
    SELECT account_id, kind, SUM(amount) AS amount, COUNT(*) AS entries FROM ledger_entries
    GROUP BY account_id, kind
"""
# Of the enrichments only those that are not as they should be: there may be millions.
_STEPS = """
    SELECT id, state, held, charged, was_held, was_charged, was_released, in_other_names FROM (
        SELECT e.id, e.state, e.held, e.charged,
            COALESCE(SUM(CASE WHEN l.kind = 'hold' THEN l.amount END), 0) AS was_held,
            COALESCE(SUM(CASE WHEN l.kind = 'charge' THEN l.amount END), 0) AS was_charged,
            COALESCE(SUM(CASE WHEN l.kind = 'release' THEN l.amount END), 0) AS was_released,
            COUNT(CASE WHEN l.account_id <> e.account_id THEN 1 END) AS in_other_names
        FROM enrichments e LEFT JOIN ledger_entries l ON l.operation_id = e.id GROUP BY e.id
    ) AS steps
    WHERE (
        was_held = held AND was_charged = charged AND in_other_names = 0
        AND was_charged + was_released = CASE WHEN state IN ('running', 'queued') THEN 0 ELSE was_held END
        AND (state = 'finished' OR charged = 0)
    ) IS NOT TRUE
"""
_ORPHANS = """
    SELECT l.operation_id, l.kind FROM ledger_entries l LEFT JOIN enrichments e ON e.id = l.operation_id
    WHERE l.kind IN ('hold', 'charge', 'release') AND e.id IS NULL
"""


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings. Balanced books have no `complaints`; `sum` of all purses is always zero in them."""

    accounts: int
    entries: int
    sum: int
    available: int
    held: int
    complaints: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        return not self.complaints


EMPTY = Audit(accounts=0, entries=0, sum=0, available=0, held=0, complaints=())
"""The books before anything was written."""


async def audit(database: Database) -> Audit:
    """Everything as of one moment, so that it is right also while servers are writing."""
    return await database.snapshot(recompute)


def recompute() -> Steps[Audit]:
    """The reads and the reckoning."""
    purses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    complaints: list[str] = []
    entries = 0
    for account, kind, amount, count in (yield Statement(_SUMS, {})):
        entries += count
        if kind not in MOVES:
            complaints.append(f"account {account}: entries of unknown kind {kind!r}")
            continue
        source, target = MOVES[kind]
        purses[account][source] -= amount
        purses[account][target] += amount
    balances = yield Statement(_BALANCES, {})
    complaints += _compare_balances(balances, purses)
    complaints += _compare_steps((yield Statement(_STEPS, {})), (yield Statement(_ORPHANS, {})))
    return Audit(
        accounts=len(balances),
        entries=entries,
        sum=_plain(sum(sum(purse.values()) for purse in purses.values())),
        available=sum(_amount(row[2]) for row in balances),
        held=sum(_amount(row[3]) for row in balances),
        complaints=tuple(complaints),
    )


def _plain(amount: Any) -> int:
    """One database sums integers to decimals."""
    finite = not isinstance(amount, float) or math.isfinite(amount)
    return int(amount) if finite and amount == int(amount) else amount


def _amount(stored: Any) -> int:
    """What is no number is complained of, and adds nothing: in SQLite a column may hold anything."""
    return stored if isinstance(stored, int | float) else 0  # type: ignore[return-value]


def _credits(thousandths: Any) -> str:
    """As people count them. Where the books were tampered with, there may stand something else."""
    if isinstance(thousandths, int | float | Decimal):
        return f"{float(thousandths) / 1000:.15g} credits"
    return repr(thousandths)


def _compare_balances(balances: list[Row], purses: defaultdict[str, Counter[str]]) -> list[str]:
    found = []
    for account, name, available, held in balances:
        for purse, stored in (("available", available), ("held", held)):
            derived = purses[account][purse]
            if stored != derived:
                found.append(
                    f"account {name}: {purse} is {_credits(stored)}, its entries say {_credits(derived)}"
                )
            if derived < 0:
                found.append(f"account {name}: {purse} went below zero")
    known = {account for account, *_ in balances}
    found += [f"entries belong to no account: {account}" for account in purses if account not in known]
    return found


def _compare_steps(steps: list[Row], orphans: list[Row]) -> list[str]:
    found = []
    for id_, state, held, charged, was_held, was_charged, was_released, foreign in steps:
        if was_held != held:
            found.append(f"enrichment {id_}: held {_credits(held)}, its entries say {_credits(was_held)}")
        if was_charged != charged:
            found.append(
                f"enrichment {id_}: charged {_credits(charged)}, its entries say {_credits(was_charged)}"
            )
        under_way = state in ("running", "queued")
        if not under_way and was_charged + was_released != was_held:
            found.append(f"enrichment {id_}: charge and release do not add up to the hold")
        if under_way and was_charged + was_released:
            found.append(f"enrichment {id_}: is {state}, yet its hold has been spent")
        if state != "finished" and charged:
            found.append(f"enrichment {id_}: is {state}, yet it was charged")
        if foreign:
            found.append(f"enrichment {id_}: an entry is in another account's name")
    found += [f"entry {kind} of {operation}: no such enrichment" for operation, kind in orphans]
    return found
