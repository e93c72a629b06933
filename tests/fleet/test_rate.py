"""One key, three processes, far more requests than allowed: fifty in any second, and not fewer than that."""

import asyncio
import os
from collections import Counter
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.load import Connection, connect
from tests.fleet.fleet import Fleet, fleet
from tests.fleet.process import account
from tests.servers import Valkey
from tests.shared.admissions import Admissions

pytestmark = pytest.mark.alone

LIMIT = 50
OFFERED = 2000
"""Requests per second that are sent as long as the machine can answer so many."""

SOAK = bool(os.environ.get("HEADRACE_SOAK"))
CONNECTIONS = 240
SECONDS = 30 if SOAK else 5
SUSTAINED = 49.5 if SOAK else 30
"""Admissions per second; fewer when the machine is busy with other things."""

TRIES = 3
SECOND = 1_000_000
ROUNDS = 4


async def test_three_processes_keep_one_accounts_limit_exactly_and_use_it_up(
    store: Valkey, tmp_path: Path
) -> None:
    """A process that is starved of CPU for half a second counts by itself for a while, as documented; on a
    machine that is busy with other things, or stands still meanwhile, such a run shows nothing, and is made
    again."""
    for number in range(ROUNDS):
        directory = tmp_path / str(number)
        directory.mkdir()
        times, heard, alone = await measured(store, directory)
        if not alone and sustained(times) >= SUSTAINED:
            break
    assert alone == [], "all of them counted in the store at all times"
    assert set(heard) == {200, 429}
    assert len(times) == heard[200], "every admission was seen"
    assert busiest(times) == LIMIT
    assert sustained(times) >= SUSTAINED


async def measured(store: Valkey, directory: Path) -> tuple[list[int], Counter[int], list[str]]:
    """When requests were admitted, what was answered, and which processes did without the store."""
    overlay = {"VERIFICATION__ORDER": ""}
    database = f"sqlite:///{directory / 'headrace.db'}"  # it takes no part in this, and costs the least
    with fleet(directory, database, store.url, overlay, vendors=["leadmagic"], apis=3, workers=0) as made:
        key = account(directory, made.settings)
        with Admissions(store.url, "headrace:rate:account:") as log:
            heard = await offer(made, key)
    times = sorted(log.times)
    print(
        f"\noffered {sum(heard.values()) / SECONDS:.0f}/s for {SECONDS} s: {dict(heard)}; "
        f"most in a second {busiest(times)}, sustained {sustained(times):.2f}/s"
    )
    return times, heard, [api.name for api in made.apis if "shared_store_unavailable" in api.said_on_stderr()]


def sustained(times: list[int]) -> float:
    """Admissions per second over the whole."""
    starts = times[::LIMIT]
    return LIMIT * (len(starts) - 1) / (starts[-1] - starts[0]) * SECOND


def busiest(times: list[int]) -> int:
    """The most admissions in any stretch of one second."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= SECOND:
            first += 1
        most = max(most, last - first + 1)
    return most


async def offer(made: Fleet, key: str) -> Counter[int]:
    """Send what can be sent; the statuses that came back."""
    ports = [urlsplit(url).port or 0 for url in made.urls]
    connections = [await connect(ports[number % len(ports)]) for number in range(CONNECTIONS)]
    heard: Counter[int] = Counter()
    loop, numbers = asyncio.get_running_loop(), count()
    begin = loop.time()

    async def use(connection: Connection) -> None:
        """Whoever is free takes the next one, so that those who wait for an answer hold nobody up."""
        while max(loop.time(), due := begin + next(numbers) / OFFERED) < begin + SECONDS:
            await asyncio.sleep(due - loop.time())
            heard[(await connection.ask(key)).status] += 1
        connection.transport.close()

    await asyncio.gather(*map(use, connections))
    return heard
