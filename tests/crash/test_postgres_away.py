"""PostgreSQL goes away and comes back: refused before anything is spent, and well again by itself."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.crash.customers import Customers
from tests.crash.outfit import Outfit, outfit
from tests.crash.server import asking_for, people, set_latency, until
from tests.servers import Postgres, new_database

SECONDS, EVERY = (60 if os.environ.get("HEADRACE_SOAK") else 20), 5
CLIENTS = 20
LATENCY = 20
"""Milliseconds that the vendor takes."""

LONGEST = 20.0
"""Seconds that coming back may take on a machine that is busy with other things."""

REFUSED = {"error": 503, "message": "The database is not available. Nothing was charged."}


pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of this test's own."""
    with Postgres() as own:
        yield own


@pytest.fixture
def made(server: Postgres, tmp_path: Path) -> Iterator[Outfit]:
    with new_database(server.url) as database, outfit(tmp_path, database) as one:
        yield one


async def test_a_server_that_restarts_every_five_seconds_under_load_breaks_nothing(
    server: Postgres, made: Outfit
) -> None:
    await made.restart()
    async with aiohttp.ClientSession(trust_env=False) as session:
        await set_latency(session, made, LATENCY)
        customers = Customers(made, await people(session, made))
    returns = []
    async with customers.busy(CLIENTS):
        for _ in range(SECONDS // EVERY):
            await asyncio.sleep(EVERY)
            await asyncio.to_thread(server.restart)
            returns.append(await customers.served_after(time.monotonic()))
        assert max(returns) < LONGEST
    await until(made.books.quiet)

    print(
        f"\n{len(returns)} restarts: {len(customers.answered)} requests, heard {dict(customers.heard)}; "
        f"served again after {', '.join(f'{each:.2f}' for each in sorted(returns))} s"
    )
    assert set(customers.heard) <= {(200, ""), (503, "storage_unavailable")}
    assert customers.in_flight == 0
    enrichments = {served.enrichment for served in customers.answered.values()}
    assert made.books.finished().keys() == enrichments, "none is lost, none done twice"
    assert len(enrichments) == len(customers.answered)
    assert await made.asked() <= made.books.started, "the vendor was asked with a hold only"
    made.check()


@pytest.mark.parametrize("mode", ["immediate", "fast"])
async def test_with_the_database_down_requests_are_refused_before_the_vendor_is_asked(
    server: Postgres, made: Outfit, mode: str
) -> None:
    await made.restart()
    async with aiohttp.ClientSession(trust_env=False) as session:
        everyone = await people(session, made)
        assert (await ask(session, made, everyone[0]))[0] == 200
        await asyncio.to_thread(server.stop, mode)

        asked = await made.asked()
        replies = [await ask(session, made, person) for person in everyone[:20]]
        assert replies == [(503, {**REFUSED, "code": "storage_unavailable"}, "1")] * 20
        assert await made.asked() == asked
        assert await status(session, f"{made.url}/readyz") == 503
        assert await status(session, f"{made.url}/healthz") == 200

        await asyncio.to_thread(server.start)
        back = time.monotonic()
        while (await ask(session, made, everyone[0]))[0] != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        took = time.monotonic() - back
        assert await status(session, f"{made.url}/readyz") == 200
    assert made.server.running
    print(f"\nserved again {took:.2f} s after the server was back")
    assert took < LONGEST
    await until(made.books.quiet)
    made.check()


async def ask(
    session: aiohttp.ClientSession, made: Outfit, person: dict[str, object]
) -> tuple[int, object, str | None]:
    """One enrichment: status, body, `Retry-After`."""
    async with session.post(
        f"{made.url}/v2/contacts/single_enrich",
        json=asking_for(person, "email"),
        headers={"X-API-KEY": made.key},
    ) as reply:
        return reply.status, await reply.json(), reply.headers.get("Retry-After")


async def status(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(url) as reply:
        return reply.status
