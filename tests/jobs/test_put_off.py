"""Nobody waits for a queued contact, so vendors that cannot answer now are asked again later."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headrace.engine import put_off
from headrace.storage.audit import audit
from tests.compat.pages import VENDORS
from tests.jobs.queueing import bulk, bulk_finished, finished, nobody, queue, working
from tests.jobs.receiver import receiving
from tests.stack import Stack
from tests.storage.making import until

PUT_OFF = "SELECT id, state, not_before, put_off_since FROM enrichments WHERE put_off_since IS NOT NULL"


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with working(tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Stack]:
    """One vendor."""
    with working(tmp_path, vendors=["leadmagic"]) as made:
        yield made


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Stack]:
    """One vendor, once a minute."""
    with working(tmp_path, vendors=["leadmagic"], PROVIDERS__LEADMAGIC__RATE="1") as made:
        yield made


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(put_off, "FIRST", 0.1)


async def put_off_one(stack: Stack) -> bool:
    return any(row["state"] == "queued" for row in stack.rows(PUT_OFF))


def change(stack: Stack, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(stack.headrace.settings.database_path)) as database, database:
        database.execute(sql, values)


async def balanced(stack: Stack) -> bool:
    books = await audit(stack.headrace.storage.database)
    return (books.complaints, books.sum, books.held) == ((), 0, 0)


@pytest.mark.usefixtures("soon")
async def test_after_one_refusal_everybody_is_still_looked_for(alone: Stack) -> None:
    await alone.fault("leadmagic", "email", "rate_limited")
    reply = await bulk(alone, [nobody(number) for number in range(20)])
    await bulk_finished(alone, reply.json["enrichment_id"])
    for row in alone.rows("SELECT id FROM enrichments"):
        trace = (await alone.send("GET", f"/v2/enrichments/{row['id']}")).json["attempts"]
        assert [line["outcome"] for line in trace] == ["missing"]
    assert (await alone.calls())["leadmagic"]["email"] == 21
    assert await balanced(alone)


async def test_a_contact_beyond_the_vendors_rate_waits_with_its_hold(limited: Stack) -> None:
    key = await limited.open_account("patient", 100)
    first = await queue(limited, "email", key=key, **nobody(1))
    await finished(limited, first.json["enrichment_id"], key)
    second = await queue(limited, "email", key=key, **nobody(2))
    await until(lambda: put_off_one(limited))

    told = await limited.send("GET", f"/api/v2/contacts/{second.json['enrichment_id']}", key=key)
    assert told.json["status"] == "pending"
    ((_, state, not_before, since),) = limited.rows(PUT_OFF)
    assert (state, not_before >= since + put_off.FIRST) == ("queued", True)
    assert await limited.balance(key) == (97, 3)
    books = await audit(limited.headrace.storage.database)
    assert (books.complaints, books.sum) == ((), 0)


async def test_while_every_vendor_fails_it_waits_and_is_found_in_the_end(stack: Stack) -> None:
    key = await stack.open_account("fortunate", 100)
    for vendor in VENDORS:
        await stack.fault(vendor, "email", "http_503")
    async with receiving() as hook:
        reply = await queue(stack, "email", key=key, webhook_url=hook.url)
        await until(lambda: put_off_one(stack))
        assert await stack.balance(key) == (97, 3)
        stack.close_breakers()
        change(stack, "UPDATE enrichments SET not_before = 0")
        contact = await finished(stack, reply.json["enrichment_id"], key)
        assert contact["email"] == "mathieu@prontohq.com"
        assert [each.json for each in await hook.until(1)] == [contact]
    assert await stack.balance(key) == (97, 0)
    assert await balanced(stack)


async def test_after_long_enough_it_is_finished_with_nothing_and_free(stack: Stack) -> None:
    key = await stack.open_account("unfortunate", 100)
    for vendor in VENDORS:
        await stack.fault(vendor, "email", "http_503", 2)
    async with receiving() as hook:
        reply = await queue(stack, "email", key=key, webhook_url=hook.url)
        await until(lambda: put_off_one(stack))
        stack.close_breakers()
        long_ago = time.time() - put_off.LONG_ENOUGH
        change(stack, "UPDATE enrichments SET not_before = 0, put_off_since = ?", long_ago)
        contact = await finished(stack, reply.json["enrichment_id"], key)
        assert (contact["email"], contact["email_status"]) == (None, "N/A")
        assert (await hook.until(1))[0].json == contact
    assert await stack.balance(key) == (100, 0)
    assert await balanced(stack)
    stack.close_breakers()
