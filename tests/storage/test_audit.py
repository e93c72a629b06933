"""The audit finds every way in which the books can be wrong, and nothing in books that are right."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.storage import postgres
from headrace.storage.audit import _STEPS
from headrace.storage.books import MOVES
from headrace.storage.database import Statement, Steps
from headrace.storage.opening import Storage
from tests.storage.backends import FACTORIES, Backend, PostgresBackend, new_backend
from tests.storage.making import account, settlement


async def books(storage: Storage) -> None:
    """At least one entry of each kind, and an enrichment in each state."""
    payer = await account(storage, "payer", credits=100_000)
    other = await account(storage, "other", credits=50_000)
    await storage.ledger.grant(payer.id, -10_000)
    for name in ("charged", "partly", "free", "released", "running"):
        await storage.ledger.hold(name, payer.id, 6_000)
    await storage.ledger.settle(settlement("charged", payer.id, 6_000))
    await storage.ledger.settle(settlement("partly", payer.id, 2_000))
    await storage.ledger.settle(settlement("free", payer.id, 0))
    await storage.ledger.release("released")
    await storage.ledger.hold("theirs", other.id, 1_000)


PAYER = "(SELECT id FROM accounts WHERE name = 'payer')"
OTHER = "(SELECT id FROM accounts WHERE name = 'other')"
ONE = (
    "WHERE kind = '{kind}' AND operation_id = (SELECT MIN(operation_id) FROM ledger_entries"
    f" WHERE kind = '{{kind}}' AND account_id = {PAYER})"
)

TO_AN_ENTRY = {
    "made larger": f"UPDATE ledger_entries SET amount = amount + 1 {ONE}",
    "made smaller": f"UPDATE ledger_entries SET amount = amount - 1 {ONE}",
    "negated": f"UPDATE ledger_entries SET amount = -amount {ONE}",
    "made a fraction": f"UPDATE ledger_entries SET amount = amount + 0.5 {ONE}",
    "made a word": f"UPDATE ledger_entries SET amount = 'much' {ONE}",
    "deleted": f"DELETE FROM ledger_entries {ONE}",
    "moved to another account": f"UPDATE ledger_entries SET account_id = {OTHER} {ONE}",
    "moved to no account": f"UPDATE ledger_entries SET account_id = 'nobody' {ONE}",
    "given an unknown kind": f"UPDATE ledger_entries SET kind = 'gift' {ONE}",
    "given to another operation": f"UPDATE ledger_entries SET operation_id = 'theirs', kind = 'charge' {ONE}",
    "made out of nothing": f"INSERT INTO ledger_entries SELECT 'orphan', '{{kind}}', {PAYER}, 500, 0",
}
ELSEWHERE = {
    "an empty entry of an unknown kind": f"INSERT INTO ledger_entries SELECT 'x', 'gift', {PAYER}, 0, 0",
    "an empty hold for no enrichment": f"INSERT INTO ledger_entries SELECT 'x', 'hold', {PAYER}, 0, 0",
    "more is available": "UPDATE accounts SET available = available + 1 WHERE name = 'payer'",
    "less is available": "UPDATE accounts SET available = available - 1 WHERE name = 'payer'",
    "more is held": "UPDATE accounts SET held = held + 1 WHERE name = 'payer'",
    "a word is held": "UPDATE accounts SET held = 'much' WHERE name = 'payer'",
    "a word is available": "UPDATE accounts SET available = 'much' WHERE name = 'payer'",
    "held credits became available": "UPDATE accounts SET held = held - 1, available = available + 1",
    "credits moved between accounts": (
        "UPDATE accounts SET available = available + CASE name WHEN 'payer' THEN 1 ELSE -1 END"
    ),
    "an account is gone": "DELETE FROM accounts WHERE name = 'payer'",
    "an enrichment is gone": "DELETE FROM enrichments WHERE id = 'charged'",
    "an enrichment was charged more": "UPDATE enrichments SET charged = charged + 1 WHERE id = 'partly'",
    "an enrichment was charged less": "UPDATE enrichments SET charged = 0 WHERE id = 'partly'",
    "a free one was charged": "UPDATE enrichments SET charged = 1 WHERE id = 'free'",
    "a released one was charged": "UPDATE enrichments SET charged = 1 WHERE id = 'released'",
    "more was held for an enrichment": "UPDATE enrichments SET held = held + 1 WHERE id = 'partly'",
    "less is held for an enrichment": "UPDATE enrichments SET held = held - 1 WHERE id = 'running'",
    "a finished one runs again": "UPDATE enrichments SET state = 'running' WHERE id = 'charged'",
    "a released one runs again": "UPDATE enrichments SET state = 'running' WHERE id = 'released'",
    "a running one has ended": "UPDATE enrichments SET state = 'finished' WHERE id = 'running'",
    "a charged one became a released one": "UPDATE enrichments SET state = 'released' WHERE id = 'charged'",
    "an enrichment changed hands": f"UPDATE enrichments SET account_id = {OTHER} WHERE id = 'charged'",
}
CORRUPTIONS = {
    **{
        f"a {kind} was {what}": statement.format(kind=kind)
        for what, statement in TO_AN_ENTRY.items()
        for kind in MOVES
    },
    **ELSEWHERE,
}
NO_NUMBER = {
    *(TO_AN_ENTRY["made a word"].format(kind=kind) for kind in MOVES),
    *(ELSEWHERE[f"a word is {purse}"] for purse in ("held", "available")),
}


@pytest.fixture(scope="module", params=FACTORIES)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """The books, made once and closed."""
    with new_backend(request.param, tmp_path_factory.mktemp("books")) as backend:
        storage = backend.open()
        asyncio.run(books(storage))
        storage.close()
        yield backend


@pytest.fixture
def tampered(kept: Backend, tmp_path: Path) -> Iterator[Backend]:
    """A copy of the books, to be spoilt."""
    copied = kept.copy(tmp_path)
    yield copied
    copied.drop()


@pytest.mark.parametrize("statement", CORRUPTIONS.values(), ids=CORRUPTIONS)
def test_the_audit_finds_what_was_tampered_with(tampered: Backend, statement: str) -> None:
    if statement in NO_NUMBER and isinstance(tampered, PostgresBackend):
        pytest.skip("a column of numbers takes nothing else")
    assert tampered.audit().balanced

    tampered.tamper(statement)

    found = tampered.audit()
    assert not found.balanced
    assert all(found.complaints)


async def test_the_books_contain_every_kind_of_entry_and_balance(storage: Storage, backend: Backend) -> None:
    await books(storage)
    found = await storage.audit()

    assert found.complaints == ()
    assert (found.accounts, found.sum) == (2, 0)
    assert (found.available, found.held) == (90_000 - 8_000 - 6_000 + 49_000, 7_000)
    kinds = [row[0] for row in backend.rows("SELECT kind FROM ledger_entries")]
    assert set(kinds) == set(MOVES)
    assert found.entries == len(kinds)


async def test_of_books_that_balance_no_enrichment_is_looked_at_one_by_one(
    storage: Storage, backend: Backend
) -> None:
    """There may be millions of them."""
    await books(storage)
    assert backend.rows(_STEPS) == []
    backend.tamper("UPDATE enrichments SET charged = 1999 WHERE id = 'partly'")
    assert [row[0] for row in backend.rows(_STEPS)] == ["partly"]


async def test_the_audit_of_large_books_may_take_longer_than_a_request(
    fleet: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_PATIENCE", 3.0)
    storage = fleet.open()

    def slow() -> Steps[int]:
        return int((yield Statement("SELECT 1 FROM pg_sleep(3.2)", {}))[0][0])

    assert await storage.database.snapshot(slow) == 1
    storage.close()


async def test_a_complaint_names_the_account_or_the_enrichment(storage: Storage, backend: Backend) -> None:
    await books(storage)
    backend.tamper(
        "UPDATE accounts SET available = available + 7 WHERE name = 'payer'",
        "UPDATE enrichments SET charged = 1999 WHERE id = 'partly'",
    )

    assert (await storage.audit()).complaints == (
        "account payer: available is 76.007 credits, its entries say 76 credits",
        "enrichment partly: charged 1.999 credits, its entries say 2 credits",
    )


async def test_an_empty_database_balances(storage: Storage, backend: Backend) -> None:
    found = await storage.audit()

    assert found.balanced
    assert (found.accounts, found.entries, found.sum, found.available, found.held) == (0, 0, 0, 0, 0)


async def test_the_audit_changes_nothing(storage: Storage, backend: Backend) -> None:
    await books(storage)
    before = backend.rows("SELECT * FROM accounts"), backend.rows("SELECT * FROM ledger_entries")
    await storage.audit()

    assert before == (backend.rows("SELECT * FROM accounts"), backend.rows("SELECT * FROM ledger_entries"))
