"""A full disk: refused in words, nothing half written, and well again as soon as there is room."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from types import SimpleNamespace

import pytest

from headrace.domain.errors import Problem
from headrace.domain.model import Contact, EnrichmentRequest, Field
from headrace.storage import room
from headrace.storage.database import Operation, Statement, Steps
from headrace.storage.opening import Storage
from tests.stack import Stack, running
from tests.storage.backends import SqliteBackend
from tests.storage.making import ATTEMPT, account, balance, crash, settlement, until

REQUEST = EnrichmentRequest(
    Contact(first_name="Ada", last_name="Lovelace", domain="example.com"), (Field.EMAIL,)
)
BIG = b'{"padding": "' + b"x" * 40_000 + b'"}'


async def fill(storage: Storage) -> None:
    """No page can be added to the file any more."""

    def operation() -> Steps[None]:
        pages = (yield Statement("PRAGMA page_count", {}))[0][0]
        yield Statement(f"PRAGMA max_page_count = {pages}", {})

    await on_all_connections(storage, operation)


async def make_room(storage: Storage) -> None:
    """The disk has room again."""

    def operation() -> Steps[None]:
        yield Statement("PRAGMA max_page_count = 1000000", {})

    await on_all_connections(storage, operation)


async def on_all_connections(storage: Storage, operation: Operation[None]) -> None:
    """Brief operations are written through one of their own."""
    for crowd in (False, True):
        await storage.database.write(operation, crowd=crowd)


async def refused(work: Awaitable[object]) -> None:
    """The work ends with the documented problem."""
    with pytest.raises(Problem, match="storage_unavailable") as problem:
        await work
    assert (problem.value.kind.status, problem.value.retry_after) == (503, 1)


async def test_a_settlement_on_a_full_disk_moves_nothing_and_can_be_made_later(sqlite: SqliteBackend) -> None:
    storage = sqlite.open()
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    await fill(storage)

    done = settlement("e1", payer.id, 3_000, custom=BIG, webhook_url="https://c.example/", webhook_body=b"{}")
    await refused(storage.ledger.settle(done))

    assert await balance(storage, payer.id) == (7_000, 3_000)
    assert sqlite.rows("SELECT state, charged, record FROM enrichments") == [("running", 0, None)]
    assert sqlite.rows("SELECT * FROM webhook_deliveries") == []
    assert (await storage.audit()).balanced

    await make_room(storage)
    assert await storage.ledger.settle(done) == 7_000
    assert (await storage.audit()).balanced
    storage.close()


async def test_holds_are_refused_once_the_disk_is_full_and_succeed_once_it_is_not(
    sqlite: SqliteBackend,
) -> None:
    storage = sqlite.open()
    payer = await account(storage, credits=10_000_000)
    await fill(storage)

    results: list[object] = []
    while not results or isinstance(results[-1], int):
        holding = storage.ledger.hold(f"e{len(results)}", payer.id, 1_000)
        results += await asyncio.gather(holding, return_exceptions=True)
    held, (problem,) = len(results) - 1, results[-1:]

    assert isinstance(problem, Problem)
    assert problem.code == "storage_unavailable"
    assert await balance(storage, payer.id) == (10_000_000 - held * 1_000, held * 1_000)
    assert sqlite.rows("SELECT COUNT(*) FROM enrichments") == [(held,)]
    assert (await storage.audit()).balanced
    assert await storage.answers()

    await make_room(storage)
    assert await storage.ledger.hold("again", payer.id, 1_000) == 10_000_000 - (held + 1) * 1_000
    storage.close()


async def test_nothing_begins_without_room_for_its_end_and_what_has_begun_can_end(
    sqlite: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settlement finds no room; whatever may still fit then, nobody is to be asked for it."""
    storage = sqlite.open()
    payer = await account(storage, credits=100_000)
    await storage.ledger.hold("held", payer.id, 3_000)
    await storage.enrichments.queue([REQUEST], payer, [3_000], ["queued"])
    await fill(storage)
    await refused(storage.ledger.settle(settlement("held", payer.id, 3_000, custom=BIG)))
    await make_room(storage)  # for any single write, but the disk says that it is as good as full
    monkeypatch.setattr(room, "disk_usage", lambda _: SimpleNamespace(free=room.ENOUGH - 1))

    await refused(storage.ledger.hold("another", payer.id, 3_000))
    await refused(storage.enrichments.queue([REQUEST], payer, [3_000], ["later"]))
    await refused(storage.enrichments.take(payer.id, 1))
    assert not await storage.answers()
    assert await storage.ledger.settle(settlement("held", payer.id, 3_000)) == 94_000

    monkeypatch.setattr(room, "disk_usage", lambda _: SimpleNamespace(free=room.ENOUGH))
    assert await storage.answers()
    assert [queued.id for queued in await storage.enrichments.take(payer.id, 1)] == ["queued"]
    assert await storage.ledger.hold("another", payer.id, 3_000) == 91_000
    assert (await storage.audit()).balanced
    storage.close()


async def test_what_fits_is_still_written_beside_what_does_not(sqlite: SqliteBackend) -> None:
    storage = sqlite.open()
    payer = await account(storage, credits=10_000)
    for name in ("kept", "e1"):
        await storage.ledger.hold(name, payer.id, 1_000)
    await storage.ledger.settle(settlement("kept", payer.id, 0))
    await fill(storage)

    await refused(storage.enrichments.replace_attempts("kept", [ATTEMPT] * 1_000))
    assert await storage.ledger.release("e1") == 10_000
    assert (await storage.audit()).balanced
    storage.close()


async def test_the_file_is_sound_after_a_full_disk_and_a_crash(sqlite: SqliteBackend) -> None:
    storage = sqlite.open()
    payer = await account(storage, credits=10_000)
    await storage.ledger.hold("e1", payer.id, 3_000)
    await fill(storage)
    await refused(storage.ledger.settle(settlement("e1", payer.id, 3_000, custom=BIG)))
    crash(storage)

    again = sqlite.open()
    assert await again.ledger.release_abandoned() == 1
    assert await balance(again, payer.id) == (10_000, 0)
    assert sqlite.rows("PRAGMA integrity_check") == [("ok",)]
    again.close()


def test_credits_whose_settlement_found_no_room_are_given_back_once_there_is_room(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        asyncio.run(until_all_is_given_back(stack))


async def until_all_is_given_back(stack: Stack) -> None:
    """A request whose settlement does not fit, then room and another request; then nothing is held soon."""
    storage = stack.headrace.storage
    await fill(storage)
    reply = await stack.enrich("email", custom={"padding": "x" * 40_000})
    if (reply.status, reply.json["code"]) != (503, "storage_unavailable"):
        raise RuntimeError(reply.text)

    await make_room(storage)
    reply = await stack.enrich("email")
    if reply.status != 200:
        raise RuntimeError(reply.text)

    async def nothing_is_held() -> bool:
        return (await storage.accounts.get("main")).held == 0

    await until(nothing_is_held)
