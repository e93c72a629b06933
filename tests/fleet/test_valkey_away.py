"""Valkey goes away and comes back: nobody notices."""

import time
from pathlib import Path

import aiohttp
import pytest
import redis

from tests.crash.books import Books
from tests.crash.customers import Customers, Front
from tests.crash.server import people, set_latency, until
from tests.fleet.balancer import Balancer
from tests.fleet.fleet import fleet
from tests.fleet.process import account
from tests.servers import Valkey

pytestmark = pytest.mark.alone

CLIENTS = 20
ANSWERS = 100
LATENCY = 20
"""Milliseconds that the vendor takes."""

LONGEST = 20.0
"""Seconds that it may take on a machine that is busy with other things."""


async def test_while_valkey_is_away_everybody_is_served_and_afterwards_limits_are_shared_again(
    database: str, store: Valkey, tmp_path: Path
) -> None:
    overlay = {"SERVER__RATE_LIMIT": "1000000", "VERIFICATION__ORDER": ""}
    with (
        fleet(tmp_path, database, store.url, overlay, vendors=["leadmagic"], workers=0) as made,
        Balancer(made.urls) as balancer,
    ):
        key = account(tmp_path, made.settings)
        async with aiohttp.ClientSession(trust_env=False) as session:
            await set_latency(session, made, LATENCY)
            customers = Customers(Front(balancer.url, key), await people(session, made))
        async with customers.busy(CLIENTS):
            await customers.get(ANSWERS)
            store.stop()
            await customers.get(ANSWERS)
            store.start()
            back = time.monotonic()
            await until(lambda: is_used(store), tries=1200)
            took = time.monotonic() - back
            await customers.get(ANSWERS)

        print(f"\nheard {dict(customers.heard)}; used again {took:.2f} s after it was back")
        assert took < LONGEST
        assert set(customers.heard) == {(200, "")}
        assert len(Books(made.loaded().database_at).finished()) == len(customers.answered)
        found = made.told("ledger", "verify")
        assert (found["balanced"], found["sum"], found["held"]) == (True, 0, 0)


def is_used(store: Valkey) -> bool:
    """Whether requests are counted in it."""
    with redis.Redis.from_url(store.url) as client:
        return bool(client.keys("headrace:rate:account:*"))
