"""How many of an account's contacts are under way at once, and in which order."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.queueing import bulk, bulk_finished, finished, in_state, nobody, queue, working
from tests.jobs.running import until
from tests.stack import Stack
from tests.storage import making

LONG: dict[str, Any] = {
    "PROVIDERS__LEADMAGIC__TIMEOUT": "60",
    "WATERFALL__DEADLINE__EMAIL": "60",
    "WATERFALL__DEADLINE__TOTAL": "60",
}
"""One vendor, whose answers may take longer than any test."""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Of its own for each test, which may leave it with work under way."""
    with working(tmp_path, vendors=["leadmagic"], **LONG) as made:
        yield made


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Stack]:
    """One that does one thing at a time."""
    with working(tmp_path, vendors=["leadmagic"], JOBS__PARALLEL="1") as made:
        yield made


async def test_five_are_under_way_and_the_rest_wait_in_order(stack: Stack) -> None:
    await stack.control("_control/latency", ms=60_000)
    reply = await bulk(stack, [nobody(number) for number in range(12)])
    ids = in_state(stack, "queued")
    assert reply.status == 202
    assert len(ids) == 12

    await until(lambda: len(in_state(stack, "running")) == 5)
    await making.until(lambda: calls(stack, 5))
    assert in_state(stack, "running") == ids[:5]
    assert in_state(stack, "queued") == ids[5:]
    assert await calls(stack, 5)


async def test_never_more_than_five_while_two_bulks_are_worked_through(stack: Stack) -> None:
    await stack.control("_control/latency", ms=30)
    bulks = [
        (await bulk(stack, [nobody(number) for number in range(30)])).json["enrichment_id"] for _ in range(2)
    ]
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, len(in_state(stack, "running")))
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    for each in bulks:
        await bulk_finished(stack, each)
    watching.cancel()
    assert most == 5


async def test_what_is_queued_later_does_not_wait_for_what_is_under_way(stack: Stack) -> None:
    await stack.control("_control/latency", ms=60_000)
    await queue(stack, "email")
    await until(lambda: len(in_state(stack, "running")) == 1)
    for number in range(5):
        await queue(stack, "email", **nobody(number))
    await until(lambda: len(in_state(stack, "running")) == 5)
    assert len(in_state(stack, "queued")) == 1


async def test_two_accounts_do_not_wait_for_each_other(stack: Stack) -> None:
    await stack.control("_control/latency", ms=60_000)
    await bulk(stack, [nobody(number) for number in range(20)])
    await until(lambda: len(in_state(stack, "running")) == 5)

    await stack.control("_control/latency", ms=0)
    other = await stack.open_account("other")
    reply = await queue(stack, "email", key=other)
    assert (await finished(stack, reply.json["enrichment_id"], other))["email"] == "mathieu@prontohq.com"
    assert len(in_state(stack, "queued")) == 15


async def test_one_at_a_time_they_end_in_the_order_in_which_they_came(single: Stack) -> None:
    asked = []
    for number in range(3):
        reply = await queue(single, "email", **nobody(number))
        asked.append(reply.json["enrichment_id"])
    last = (await bulk(single, [nobody(number) for number in range(5)])).json["enrichment_id"]
    await bulk_finished(single, last)
    ended = single.rows("SELECT id, place FROM enrichments ORDER BY finished_at")
    assert [row["id"] for row in ended[:3]] == asked
    assert [row["place"] for row in ended[3:]] == [0, 1, 2, 3, 4]


async def calls(stack: Stack, count: int) -> bool:
    """Whether the vendor was asked so often; while it never answers, so many are under way."""
    return await stack.total_calls() == count
