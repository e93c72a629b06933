"""The server goes away and comes back: refused at once, nothing lost, well again by itself."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable

import psycopg
import pytest
import pytest_asyncio

from headrace.domain.errors import Problem
from headrace.engine.ids import new_id
from headrace.storage.opening import Storage
from tests.servers import Postgres, new_database
from tests.storage.lossy import lossy_way
from tests.storage.making import account, balance, settlement, until
from tests.storage.opened import PATIENCE, opened

AT_ONCE = PATIENCE / 3
"""Seconds in which a refusal has to come on a busy machine; it waits for no statement's time to pass."""

WELL_AGAIN = PATIENCE / 3
"""Seconds after which everything works again."""


@pytest_asyncio.fixture
async def storage(crashing: Postgres) -> AsyncIterator[Storage]:
    """A database of a server that may be stopped. It runs again at the end of the test."""
    with new_database(crashing.url) as url:
        opened_ = opened(url)
        yield opened_
        opened_.close()


async def refused(work: Awaitable[object]) -> None:
    """The work ends soon, with the documented problem."""
    async with asyncio.timeout(AT_ONCE):
        with pytest.raises(Problem, match="storage_unavailable") as problem:
            await work
    assert (problem.value.kind.status, problem.value.retry_after) == (503, 1)


@pytest.mark.parametrize("mode", ["immediate", "fast"])
async def test_without_its_server_everything_is_refused_at_once_and_nothing_is_lost(
    crashing: Postgres, storage: Storage, mode: str
) -> None:
    payer = await account(storage, credits=10_000)
    key = await storage.accounts.add_key(payer)
    await storage.ledger.hold("before", payer.id, 1_000)
    crashing.stop(mode)
    try:
        await refused(storage.accounts.get("acme"))
        await refused(storage.accounts.by_api_key(key.text))
        await refused(storage.ledger.hold("during", payer.id, 1_000))
        await refused(storage.ledger.settle(settlement("before", payer.id, 1_000)))
        await refused(storage.ledger.release_abandoned())
        await refused(storage.audit())
        await refused(storage.owner.take_seat("worker"))
        assert not await storage.answers()
    finally:
        crashing.start()

    async with asyncio.timeout(WELL_AGAIN):
        assert await storage.answers()
        assert await storage.ledger.settle(settlement("before", payer.id, 1_000)) == 9_000
        assert await storage.ledger.hold("after", payer.id, 1_000) == 8_000
        assert await storage.accounts.by_api_key(key.text)
    assert await balance(storage, payer.id) == (8_000, 1_000)
    assert (await storage.audit()).balanced


async def test_a_crash_of_the_server_under_load_breaks_no_books(crashing: Postgres, storage: Storage) -> None:
    payers = [await account(storage, f"payer {number}", credits=10_000_000) for number in range(4)]
    stop, told = asyncio.Event(), Counter[str]()

    async def client(number: int) -> None:
        while not stop.is_set():
            name, payer = new_id(), payers[number % len(payers)].id
            if await tried(storage.ledger.hold(name, payer, 1_000), told):
                done = settlement(name, payer, 700)
                while not await tried(storage.ledger.settle(done), told):
                    pass
                told["settled"] += 1

    clients = [asyncio.create_task(client(number)) for number in range(32)]
    for _ in range(3):
        await progress(told, 100)
        await asyncio.to_thread(crashing.restart)
        await progress(told, 1, WELL_AGAIN)
    stop.set()
    await asyncio.gather(*clients)

    found = await storage.audit()
    assert found.complaints == ()
    charged = sum([10_000_000 - sum(await balance(storage, payer.id)) for payer in payers])
    assert charged == told["settled"] * 700
    assert told["refused"] > 0


async def tried(work: Awaitable[int], told: Counter[str]) -> bool:
    """Whether the database was available."""
    try:
        await work
    except Problem as problem:
        if problem.code != "storage_unavailable":
            raise
        told["refused"] += 1
        await asyncio.sleep(0.02)
        return False
    return True


async def progress(told: Counter[str], many: int, seconds: float = 30) -> None:
    """Wait until so many more are settled."""
    before = told["settled"]

    async def made() -> bool:
        return told["settled"] >= before + many

    await until(made, seconds)


async def test_connections_that_ended_while_nobody_used_them_are_noticed_by_nobody(
    crashing: Postgres, storage: Storage
) -> None:
    payer = await account(storage, credits=1_000_000)

    async def work() -> int:
        name = new_id()
        await storage.ledger.hold(name, payer.id, 1_000)
        await storage.accounts.get(payer.id)
        return await storage.ledger.release(name)

    with psycopg.connect(crashing.url, autocommit=True) as operator:
        for _ in range(5):
            await asyncio.gather(*(work() for _ in range(16)))
            ended = operator.execute(END_ALL).fetchall()
            assert len(ended) > 2
    assert await work() == 1_000_000


END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headrace'"


async def test_a_settlement_whose_commit_was_not_heard_of_is_made_again_and_moves_nothing(
    crashing: Postgres, storage: Storage
) -> None:
    payer = await account(storage, credits=10_000)
    async with lossy_way(crashing.socket) as way:
        here = await asyncio.to_thread(opened, way.url(storage.location))
        await here.ledger.hold("e1", payer.id, 3_000)
        done = settlement("e1", payer.id, 1_000, webhook_url="https://c.example/", webhook_body=b"{}")

        way.lose = True
        await refused(here.ledger.settle(done))
        assert way.lost == 1
        assert await balance(storage, payer.id) == (9_000, 0)

        assert await here.ledger.settle(done) == 9_000
        assert await balance(storage, payer.id) == (9_000, 0)
        assert len(await storage.webhooks.listed(payer.id)) == 1
        assert (await storage.audit()).balanced
        await asyncio.to_thread(here.close)


async def test_a_hold_whose_commit_was_not_heard_of_is_given_back_by_its_owner(
    crashing: Postgres, storage: Storage
) -> None:
    payer = await account(storage, credits=10_000)
    async with lossy_way(crashing.socket) as way:
        here = await asyncio.to_thread(opened, way.url(storage.location))
        way.lose = True
        await refused(here.ledger.hold("e1", payer.id, 3_000))
        assert await balance(storage, payer.id) == (7_000, 3_000)

        assert await here.ledger.release("e1") == 10_000
        await asyncio.to_thread(here.close)
