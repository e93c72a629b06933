"""The worker itself: whatever fails around it, what waits gets a job, and a stop leaves nothing behind."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from headrace.domain.errors import Problem
from headrace.engine.clock import SystemClock
from headrace.jobs.contacts import Contacts
from headrace.jobs.deliver import Deliver
from headrace.jobs.durable import Durable
from headrace.jobs.worker import Handlers, Queues, Worker
from headrace.storage.webhooks import SqlWebhooks
from tests.jobs.delivering import Office, office
from tests.jobs.receiver import Hook, receiving
from tests.jobs.running import until
from tests.storage import making

AWAY = Problem("storage_unavailable", retry_after=1)


@pytest_asyncio.fixture
async def post(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        made.clock.now = SystemClock().wall()
        yield made


@pytest_asyncio.fixture
async def hook() -> AsyncIterator[Hook]:
    async with receiving() as made:
        yield made


@pytest.fixture
def worker(post: Office, tmp_path: Path) -> Worker:
    """One that delivers, in real time; nobody queues contacts."""
    storage = post.storage

    async def nothing() -> None: ...

    contacts = Contacts(None, storage.enrichments, storage.accounts, 5)  # type: ignore[arg-type]
    deliver: Deliver = post.deliver
    return Worker(
        Queues(storage.enrichments, storage.webhooks),
        Handlers(contacts, deliver),
        f"sqlite:///{tmp_path}/jobs/jobs.db",
        lambda: storage.owner.take_seat("worker-here"),
        storage.owner.is_alive,
        storage.owner.fence,
        [nothing],
        SystemClock(),
    )


def seats(post: Office) -> list[str]:
    owners = Path(f"{post.storage.location}.owners")
    return sorted(path.name for path in owners.glob("seat-worker-*"))


async def test_it_keeps_its_name_however_often_the_engine_fails_to_start(
    worker: Worker, post: Office, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = []
    launch = Durable.launch

    def noted(durable: Durable) -> None:
        try:
            launch(durable)
        except BaseException:
            failed.append(durable.executor)
            raise

    monkeypatch.setattr(Durable, "launch", noted)
    await post.owe(hook.url)
    worker.start()
    await until(lambda: len(failed) >= 2)
    (tmp_path / "jobs").mkdir()  # from now on there is room for its database
    await hook.until(1)
    await worker.stop(1)
    assert set(failed) == {"seat-worker-here-0"}
    assert seats(post) == ["seat-worker-here-0"]


async def test_a_claim_that_was_committed_but_not_heard_of_is_delivered_at_once(
    worker: Worker, post: Office, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs").mkdir()
    await post.owe(hook.url)
    worker.start()
    await hook.until(1)  # the engine runs

    really = SqlWebhooks.claim
    unheard: list[str] = []

    async def claim(webhooks: SqlWebhooks, batch: str, most: int) -> int:
        count = await really(webhooks, batch, most)
        if not unheard:
            unheard.append(batch)
            raise AWAY
        return count

    monkeypatch.setattr(SqlWebhooks, "claim", claim)
    await post.owe(hook.url)
    worker.wake()
    await hook.until(2, seconds=30)
    assert len(unheard) == 1
    await worker.stop(1)


async def test_a_batch_whose_job_could_not_be_written_down_gets_one_as_soon_as_it_can(
    worker: Worker, post: Office, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs").mkdir()
    await post.owe(hook.url)
    worker.start()
    await hook.until(1)

    really = Durable.enqueue
    refused: list[str] = []

    def enqueue(durable: Durable, job: str, subject: str) -> None:
        if len(refused) < 2:
            refused.append(subject)
            raise AWAY
        really(durable, job, subject)

    monkeypatch.setattr(Durable, "enqueue", enqueue)
    await post.owe(hook.url)
    worker.wake()
    await hook.until(2, seconds=30)
    assert len(set(refused)) == 1
    await worker.stop(1)


async def test_stopped_while_the_engine_starts_it_leaves_nothing_running(
    worker: Worker, post: Office, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs").mkdir()
    launch, begun = Durable.launch, threading.Event()

    def noted(durable: Durable) -> None:
        begun.set()
        launch(durable)

    monkeypatch.setattr(Durable, "launch", noted)
    before = set(threading.enumerate())
    await post.owe(hook.url)
    worker.start()
    await until(begun.is_set)
    await worker.stop(1)
    await until(lambda: not engine_threads(before))


def engine_threads(before: set[threading.Thread]) -> list[str]:
    """Threads that are not just idle members of the event loop's own pool."""
    names = [thread.name for thread in set(threading.enumerate()) - before]
    return [name for name in names if not name.startswith("asyncio_")]


async def test_a_batch_that_was_left_behind_is_taken_up_at_the_start(
    worker: Worker, post: Office, hook: Hook, tmp_path: Path
) -> None:
    (tmp_path / "jobs").mkdir()
    await post.owe(hook.url)
    assert await post.storage.webhooks.claim("0-left-behind", 10) == 1
    worker.start()
    await hook.until(1, seconds=30)
    await making.until(lambda: delivered(post))
    await worker.stop(1)


async def delivered(post: Office) -> bool:
    return (await post.only()).state == "delivered"


async def test_work_that_comes_while_the_loop_stumbles_is_done(
    worker: Worker, post: Office, hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs").mkdir()
    really = SqlWebhooks.next_due
    stumbled: list[float] = []

    async def next_due(webhooks: SqlWebhooks) -> float | None:
        if len(stumbled) < 3:
            stumbled.append(asyncio.get_running_loop().time())
            raise KeyError("a bug")
        return await really(webhooks)

    monkeypatch.setattr(SqlWebhooks, "next_due", next_due)
    await post.owe(hook.url)
    worker.start()
    await hook.until(1, seconds=30)
    await worker.stop(1)
    assert len(stumbled) == 3


async def test_once_it_drains_no_batch_is_begun(
    worker: Worker, post: Office, hook: Hook, tmp_path: Path
) -> None:
    (tmp_path / "jobs").mkdir()
    await post.owe(hook.url)
    worker.start()
    await hook.until(1)  # the engine runs
    await making.until(lambda: nothing_due(post))
    worker.drain()
    await post.owe(hook.url)
    worker.wake()
    await worker._dispatch()
    assert await batches(post) == [None]
    await post.deliver("b")  # nor is one that the engine hands over
    await worker.stop(1)
    assert len(hook.received) == 1


async def nothing_due(post: Office) -> bool:
    return await batches(post) == []


async def batches(post: Office) -> list[str | None]:
    sql = "SELECT batch FROM webhook_deliveries WHERE state = 'pending'"
    return [row[0] for row in await post.storage.database.read(sql, {})]
