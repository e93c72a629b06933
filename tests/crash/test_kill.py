"""`kill -9`, again and again, under two hundred clients that repeat what was not answered."""

import os
import time
from pathlib import Path

import aiohttp
import pytest

from tests.crash.customers import Customers
from tests.crash.outfit import PRICE, Outfit, outfit
from tests.crash.server import people, set_latency, until

pytestmark = pytest.mark.alone

CLIENTS = 200
KILLS = 50 if os.environ.get("HEADRACE_SOAK") else 10
ANSWERS = 20
"""That a server has to give before it is killed."""

LATENCY = 30
"""Milliseconds that the vendor takes, so that there is always something in flight."""

HEARD = {(200, ""), (503, "storage_unavailable"), (503, "providers_failed"), (409, "idempotency_key_in_use")}
"""What a client may hear while a server is there."""


@pytest.mark.timeout(1200)
async def test_kills_lose_nothing_charge_nothing_twice_and_leave_nothing_held(
    database: str, tmp_path: Path
) -> None:
    with outfit(tmp_path, database) as made:
        async with aiohttp.ClientSession(trust_env=False) as session:
            await set_latency(session, made, LATENCY)
            customers = Customers(made, await people(session, made))
        restarts = [await made.restart()]
        began = time.monotonic()
        async with customers.busy(CLIENTS):
            for _ in range(KILLS):
                await customers.get(ANSWERS)
                await until(lambda: made.books.running() > 0)
                made.server.kill()
                restarts.append(await made.restart())
            last = time.monotonic()
        done = time.monotonic()
        await until(made.books.quiet)

        interrupted = made.books.number("SELECT COUNT(*) FROM enrichments WHERE state = 'released'")
        assert interrupted > 0, "nothing was in flight when the server was killed"
        check(made, customers)
        took, cpu = sorted(restart[0] for restart in restarts), max(restart[1] for restart in restarts)
        print(
            f"\n{KILLS} kills in {last - began:.0f} s: {len(customers.answered)} requests, "
            f"{sum(customers.heard.values())} attempts, {interrupted} interrupted; "
            f"restart p50 {took[len(took) // 2]:.2f} s, longest {took[-1]:.2f} s, CPU at most {cpu:.2f} s; "
            f"everybody was answered {done - last:.1f} s after the last one"
        )


def check(made: Outfit, customers: Customers) -> None:
    """Each request was carried out once and answered, and paid for if it found something."""
    assert {heard for heard in customers.heard if heard[0]} <= HEARD
    assert customers.in_flight == 0
    answered = customers.answered.values()
    assert set(customers.answered) == set(range(len(answered))), "none is lost"
    prices = {served.enrichment: PRICE * served.found for served in answered}
    assert len(prices) == len(answered), "no two were given one enrichment"
    assert made.books.finished() == prices, "none was carried out twice"
    made.check()
