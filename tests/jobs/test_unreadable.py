"""What no key opens waits until the key is put back, and keeps nobody else waiting."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from headrace.storage.database import Statement, Steps
from headrace.storage.opening import Storage
from headrace.storage.sealing import Sealer, new_key
from tests.jobs.delivering import Office, office
from tests.jobs.one_queue import Queue
from tests.jobs.receiver import Hook, receiving
from tests.storage import making
from tests.storage.backends import FACTORIES, new_backend

LATER = b'{"request":{"fields":["fax"]}}'
"""From a version that knows more."""


@pytest.fixture(params=FACTORIES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with new_backend(request.param, tmp_path) as backend:
        opened = backend.open()
        yield opened
        opened.close()


@pytest_asyncio.fixture
async def post(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def hook() -> AsyncIterator[Hook]:
    async with receiving() as made:
        yield made


def foreign(record: bytes) -> bytes:
    """Sealed with a key that nobody has."""
    return Sealer([new_key()]).seal(record)


async def change(storage: Storage, sql: str, **values: object) -> None:
    def operation() -> Steps[None]:
        yield Statement(sql, values)

    await storage.database.write(operation)


@pytest.mark.parametrize("how", ["no key", "a later version"])
async def test_a_queue_goes_on_past_a_contact_that_cannot_be_read(storage: Storage, how: str) -> None:
    queue = Queue(storage, await making.account(storage, credits=1000))
    await queue.add("a", "b", "c")
    place = {"id": (await storage.database.read("SELECT id FROM enrichments WHERE place = 1", {}))[0][0]}
    kept = (await storage.database.read("SELECT record FROM enrichments WHERE id = :id", place))[0][0]
    closed = foreign(kept) if how == "no key" else LATER
    await change(storage, "UPDATE enrichments SET record = :record WHERE id = :id", record=closed, **place)

    with capture_logs() as logs:
        await queue.job(queue.account.id)
    said = [line for line in logs if line["event"] == "record_unreadable"]
    assert [(line["log_level"], line["enrichment"]) for line in said] == [("error", place["id"])]
    assert await queue.states() == ["finished", "queued", "finished"]
    assert await storage.enrichments.waiting() == []
    assert await making.balance(storage, queue.account.id) == (991, 3)

    await change(
        storage,
        "UPDATE enrichments SET record = :record, not_before = 0 WHERE id = :id",
        record=kept,
        **place,
    )
    await queue.job(queue.account.id)
    assert queue.work.ended == ["a", "c", "b"]
    assert await making.balance(storage, queue.account.id) == (991, 0)
    assert (await storage.audit()).balanced


async def test_a_webhook_that_cannot_be_read_waits_on_its_schedule_alone(post: Office, hook: Hook) -> None:
    closed = await post.owe(hook.url)
    await post.owe(hook.url)
    sql = "UPDATE webhook_deliveries SET record = :record WHERE enrichment_id = :id"
    await change(post.storage, sql, record=foreign(b"{}"), id=closed)
    with capture_logs() as logs:
        await post.attempt()
    told, silent = sorted(await post.listed(), key=lambda each: each.state)
    assert (told.state, len(hook.received)) == ("delivered", 1)
    assert (silent.state, silent.attempts, silent.last_error, silent.url) == (
        "pending",
        1,
        "unreadable",
        None,
    )
    assert ("webhook_unreadable", silent.id) in [(line["event"], line.get("delivery")) for line in logs]

    await post.attempt_all()
    silent = next(each for each in await post.listed() if each.id == silent.id)
    assert (silent.state, silent.attempts, silent.last_error) == ("failed", 10, "unreadable")
    assert len(hook.received) == 1


async def test_it_is_delivered_once_the_key_is_back(post: Office, hook: Hook) -> None:
    await post.owe(hook.url)
    ((kept,),) = await post.storage.database.read("SELECT record FROM webhook_deliveries", {})
    sql = "UPDATE webhook_deliveries SET record = :record"
    await change(post.storage, sql, record=foreign(b"{}"))
    await post.attempt()
    await change(post.storage, sql, record=kept)
    await post.attempt()
    delivery = await post.only()
    assert (delivery.state, delivery.attempts, len(hook.received)) == ("delivered", 2, 1)


async def test_one_accounts_unreadable_secret_keeps_no_other_waiting(post: Office, hook: Hook) -> None:
    await post.owe(hook.url)
    mine, post.account = post.account, await making.account(post.storage, "other")
    await post.owe(hook.url)
    sql = "UPDATE accounts SET webhook_secrets = :secrets WHERE id = :id"
    await change(post.storage, sql, secrets=foreign(b"[]"), id=post.account.id)
    await post.attempt()
    delivery = await post.only()
    assert (delivery.state, delivery.last_error, delivery.url) == ("pending", "unreadable", hook.url)
    post.account = mine
    assert ((await post.only()).state, len(hook.received)) == ("delivered", 1)
