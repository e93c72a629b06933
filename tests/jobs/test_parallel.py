"""How many of an account's contacts are under way at once, and in which order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.domain.model import Account, Enrichment
from headrace.engine.enrich import Enricher
from headrace.ports import Queued
from tests.jobs.queueing import bulk, bulk_finished, finished, in_state, nobody, queue, working
from tests.jobs.running import until
from tests.stack import Stack
from tests.storage import making

LONG: dict[str, Any] = {
    "PROVIDERS__LEADMAGIC__TIMEOUT": "60",
    "WATERFALL__DEADLINE__EMAIL": "60",
    "WATERFALL__DEADLINE__TOTAL": "60",
    "SERVER__DRAIN_SECONDS": "1",
}
"""One vendor, whose answers may take longer than any test; nobody waits for them at its end."""


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


class Watch:
    """Counts what is under way. `begun`: ids in the order in which they began."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.now = self.most = 0

    def on(self, carry_out: Any) -> Any:
        async def watched(enricher: Enricher, queued: Queued, account: Account) -> Enrichment:
            self.begun.append(queued.id)
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                done: Enrichment = await carry_out(enricher, queued, account)
            finally:
                self.now -= 1
            return done

        return watched


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(Enricher, "carry_out", made.on(Enricher.carry_out))
    return made


async def test_five_are_under_way_and_the_rest_wait(stack: Stack, watch: Watch) -> None:
    await stack.control("_control/latency", ms=60_000)
    reply = await bulk(stack, [nobody(number) for number in range(30)])
    ids = [row[0] for row in stack.rows("SELECT id FROM enrichments ORDER BY place")]
    assert reply.status == 202

    await making.until(lambda: calls(stack, 5))
    await until(lambda: len(in_state(stack, "running")) > 5)  # some are taken ahead of their turn
    assert (watch.now, watch.begun) == (5, ids[:5])
    assert await calls(stack, 5)


async def test_never_more_than_five_and_in_order(stack: Stack, watch: Watch) -> None:
    await stack.control("_control/latency", ms=10)
    bulks = [
        (await bulk(stack, [nobody(number) for number in range(50)])).json["enrichment_id"] for _ in range(2)
    ]
    for each in bulks:
        await bulk_finished(stack, each)
    ids = [row[0] for row in stack.rows("SELECT id FROM enrichments ORDER BY created_at, place")]
    assert (watch.most, watch.begun) == (5, ids)


async def test_what_is_queued_later_does_not_wait_for_what_is_under_way(stack: Stack, watch: Watch) -> None:
    await stack.control("_control/latency", ms=60_000)
    await queue(stack, "email")
    await until(lambda: watch.now == 1)
    for number in range(5):
        await queue(stack, "email", **nobody(number))
    await until(lambda: watch.now == 5)


async def test_two_accounts_do_not_wait_for_each_other(stack: Stack, watch: Watch) -> None:
    await stack.control("_control/latency", ms=60_000)
    await bulk(stack, [nobody(number) for number in range(20)])
    await making.until(lambda: calls(stack, 5))

    await stack.control("_control/latency", ms=0)
    other = await stack.open_account("other")
    reply = await queue(stack, "email", key=other)
    assert (await finished(stack, reply.json["enrichment_id"], other))["email"] == "mathieu@prontohq.com"
    assert len(watch.begun) == 6


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
