"""What the queue's job does when something goes wrong: nothing stays taken, nothing else is broken off."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from headrace.domain.errors import Problem
from headrace.domain.model import Account
from headrace.engine.enrich import Enricher
from headrace.engine.put_off import PutOff
from headrace.jobs.contacts import TRIES, Contacts
from tests.jobs.one_queue import AWAY, Queue
from tests.jobs.running import until
from tests.storage import making
from tests.storage.backends import SqliteBackend


@pytest_asyncio.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Queue]:
    storage = SqliteBackend(tmp_path).open()
    made = Queue(storage, await making.account(storage, credits=1000))
    yield made
    made.storage.close()


async def test_the_queue_is_worked_through_in_order(queue: Queue) -> None:
    names = [f"n{number}" for number in range(12)]
    await queue.add(*names)
    await queue.job(queue.account.id)
    assert queue.work.begun == names
    assert set(await queue.states()) == {"finished"}


async def test_a_database_that_is_away_breaks_nothing_off_that_is_under_way(queue: Queue) -> None:
    release = asyncio.Event()

    async def wait() -> None:
        queue.flaky.failures["take"] = 1
        await release.wait()

    queue.work.special["slow"] = wait
    await queue.add("slow", *(f"n{number}" for number in range(30)))
    running = asyncio.create_task(queue.job(queue.account.id))
    await until(lambda: queue.flaky.failures.get("take") == 0)
    assert "slow" not in queue.work.ended
    release.set()
    with pytest.raises(Problem, match="storage_unavailable"):
        await running
    assert set(queue.work.ended) == set(queue.work.begun)
    assert set(await queue.states()) == {"finished", "queued"}

    await queue.job(queue.account.id)
    assert set(await queue.states()) == {"finished"}
    assert len(queue.work.begun) == 31


async def test_what_could_not_be_settled_is_put_back_and_the_others_end(queue: Queue) -> None:
    begun, others = asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        await begun.wait()
        raise AWAY

    async def wait() -> None:
        begun.set()
        await others.wait()

    queue.work.special.update(unlucky=fail, other=wait)
    await queue.add("unlucky", "other")
    running = asyncio.create_task(queue.job(queue.account.id))
    await making.until(lambda: queue.stands_at("queued", "running"))
    others.set()
    with pytest.raises(Problem, match="storage_unavailable"):
        await running
    assert await queue.states() == ["queued", "finished"]

    queue.work.special.clear()
    await queue.job(queue.account.id)
    assert await queue.states() == ["finished", "finished"]


async def test_it_is_put_back_as_soon_as_the_database_can(queue: Queue) -> None:
    async def fail() -> None:
        raise AWAY

    queue.work.special["unlucky"] = fail
    queue.flaky.failures["put_back"] = 3
    await queue.add("unlucky")
    with pytest.raises(Problem, match="storage_unavailable"):
        await queue.job(queue.account.id)
    assert queue.flaky.failures["put_back"] == 0
    assert await queue.states() == ["queued"]


async def test_an_account_that_cannot_be_read_has_nothing_taken(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(account_id: str) -> None:
        raise AWAY

    monkeypatch.setattr(queue.storage.accounts, "by_id", away)
    await queue.add("one")
    with pytest.raises(Problem, match="storage_unavailable"):
        await queue.job(queue.account.id)
    assert await queue.states() == ["queued"]


async def test_a_contact_with_a_bug_stops_neither_its_neighbours_nor_the_queue(queue: Queue) -> None:
    async def stumble() -> None:
        raise KeyError("a bug")

    queue.work.special["odd"] = stumble
    await queue.add("odd", "good", "better", "c", "d", "e", "f", "g")
    for _ in range(TRIES):
        with pytest.raises(KeyError):
            await queue.job(queue.account.id)
    await queue.job(queue.account.id)
    assert queue.work.begun.count("odd") == TRIES
    assert queue.work.given_up == ["odd"]
    assert set(await queue.states()) == {"finished"}
    assert await making.balance(queue.storage, queue.account.id) == (1000 - 7 * 3, 0)


async def test_what_is_put_off_keeps_nobody_waiting_and_is_not_taken_before_its_time(queue: Queue) -> None:
    async def wait() -> None:
        raise PutOff(2e9, 1.0, goes_on=False)

    queue.work.special["first"] = wait
    queue.flaky.failures["put_off"] = 2
    await queue.add("first", "second")
    await queue.job(queue.account.id)
    assert await queue.states() == ["queued", "finished"]
    await queue.job(queue.account.id)
    assert queue.work.begun == ["first", "second"]
    assert await queue.storage.enrichments.waiting() == []
    assert await making.balance(queue.storage, queue.account.id) == (994, 3)
    assert (await queue.storage.audit()).balanced


async def test_what_was_taken_unheard_is_put_back(queue: Queue) -> None:
    queue.flaky.failures["take"] = 1
    queue.flaky.unheard = {"take"}
    await queue.add("one", "two")
    with pytest.raises(Problem, match="storage_unavailable"):
        await queue.job(queue.account.id)
    assert await queue.states() == ["running", "running"]

    await queue.job.recover()
    assert await queue.states() == ["queued", "queued"]
    await queue.job(queue.account.id)
    assert await queue.states() == ["finished", "finished"]


async def test_what_is_under_way_is_not_put_back(queue: Queue) -> None:
    release = asyncio.Event()

    async def wait() -> None:
        await release.wait()

    queue.work.special["slow"] = wait
    await queue.add("slow", *(f"n{number}" for number in range(8)))
    running = asyncio.create_task(queue.job(queue.account.id))
    await until(lambda: len(queue.work.ended) == 8)
    await queue.job.recover()
    assert (await queue.states())[0] == "running"
    release.set()
    await running
    assert queue.work.begun.count("slow") == 1


async def test_what_is_queued_meanwhile_joins_what_is_under_way(queue: Queue) -> None:
    together = asyncio.Barrier(2)

    async def meet() -> None:
        await together.wait()

    queue.work.special.update(first=meet, second=meet)
    await queue.add("first")
    running = asyncio.create_task(queue.job(queue.account.id))
    await until(lambda: queue.work.begun)
    await queue.add("second")
    queue.job.wake()
    async with asyncio.timeout(30):
        await running
    assert await queue.states() == ["finished", "finished"]


async def test_told_to_stop_it_ends_what_is_under_way_and_gives_the_rest_back(queue: Queue) -> None:
    release = asyncio.Event()

    async def wait() -> None:
        await release.wait()

    names = [f"n{number}" for number in range(8)]
    queue.work.special.update(dict.fromkeys(names, wait))
    await queue.add(*names)
    running = asyncio.create_task(queue.job(queue.account.id))
    await until(lambda: len(queue.work.begun) == 5)
    queue.job.stop()
    release.set()
    await running
    assert await queue.states() == ["finished"] * 5 + ["queued"] * 3


async def test_a_consent_that_is_taken_back_holds_for_what_is_begun_from_then_on(queue: Queue) -> None:
    accounts, met, go = queue.storage.accounts, asyncio.Event(), asyncio.Event()
    await accounts.consent(queue.account, granted=True)

    async def wait() -> None:
        met.set()
        await go.wait()

    queue.work.special["first"] = wait
    queue.job = Contacts(cast(Enricher, queue.work), queue.storage.enrichments, accounts, 1)
    await queue.add("first", "second")
    running = asyncio.create_task(queue.job(queue.account.id))
    await met.wait()
    noticed, by_id = asyncio.Event(), accounts.by_id

    async def noting(account_id: str) -> Account | None:
        found = await by_id(account_id)
        if found and not found.consents_personal_email:
            noticed.set()
        return found

    accounts.by_id = noting  # type: ignore[method-assign]
    await accounts.consent(queue.account, granted=False)
    await noticed.wait()
    go.set()
    await running
    assert queue.work.consents == [True, False]


async def test_broken_off_it_leaves_its_work_to_whoever_finds_it_dead(tmp_path: Path, queue: Queue) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    queue.work.special["slow"] = hang
    await queue.add("slow")
    running = asyncio.create_task(queue.job(queue.account.id))
    await until(lambda: queue.work.begun)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await queue.states() == ["running"]
    making.crash(queue.storage)

    storage = SqliteBackend(tmp_path).open()
    assert await storage.ledger.release_abandoned() == 1
    again = Queue(storage, queue.account)
    await again.job(again.account.id)
    assert await again.states() == ["finished"]
    assert await making.balance(storage, again.account.id) == (997, 0)
    queue.storage = storage  # closed by the fixture
