"""An API process and a worker are killed in the middle of their work; the others finish it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.crash.books import Books
from tests.crash.customers import Customers, Front
from tests.crash.server import asking_for, people, set_latency, until
from tests.fleet.balancer import Balancer
from tests.fleet.fleet import Fleet, fleet
from tests.fleet.process import Process, account
from tests.servers import Valkey, new_database

pytestmark = pytest.mark.alone

CLIENTS = 20
BULKS, SIZE = 3, 40
SLOW, QUICK = 700, 5
"""Milliseconds that the vendor takes."""

LONG = 1200
"""Looks for work of a dead worker: it is noticed, taken over, and finished within seconds."""


@pytest.fixture
def whole(postgres_url: str, store: Valkey, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet with one vendor and no rate limit to speak of."""
    overlay = {"SERVER__RATE_LIMIT": "1000000", "VERIFICATION__ORDER": ""}
    with (
        new_database(postgres_url) as database,
        fleet(tmp_path, database, store.url, overlay, vendors=["leadmagic"]) as made,
    ):
        yield made


async def test_what_a_killed_api_and_a_killed_worker_had_begun_is_finished_by_the_others(
    whole: Fleet,
) -> None:
    books = Books(str(whole.loaded().database_at))
    payers = [account(whole.directory, whole.settings, f"payer {number}") for number in range(BULKS + 1)]
    with Balancer(whole.urls) as balancer:
        async with aiohttp.ClientSession(trust_env=False) as session:
            await set_latency(session, whole, SLOW)
            everyone = await people(session, whole)
            bulks = [
                await queue_bulk(session, f"{balancer.url}/api/v2/contacts/bulk_enrich", payer, everyone)
                for payer in payers[1:]
            ]
            customers = Customers(Front(balancer.url, payers[0]), everyone)
            async with customers.busy(CLIENTS):
                await until(lambda: books.finished_later() > 0)
                await customers.get(CLIENTS)
                working = books.rows("SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'")
                doomed, heir = sorted(whole.workers, key=lambda worker: (worker_seat(worker),) not in working)
                held = books.running()
                whole.apis[0].kill()
                doomed.kill()
                await set_latency(session, whole, QUICK)
                await customers.get(CLIENTS)
            await until(books.quiet, tries=LONG)
            for payer, bulk in zip(payers[1:], bulks, strict=True):
                done = await progress(session, f"{balancer.url}/api/v2/contacts/bulk/{bulk}", payer)
                assert (done["status"], done["finished"], done["total"]) == ("finished", SIZE, SIZE)
    assert held > 0, "nothing was in flight when they were killed"
    assert "jobs_taken_over" in heir.said_on_stderr()
    assert customers.in_flight == 0
    assert len(books.finished()) == len(customers.answered) + BULKS * SIZE, "none is lost, none done twice"
    found = whole.told("ledger", "verify")
    assert (found["balanced"], found["sum"], found["held"]) == (True, 0, 0)


def worker_seat(worker: Process) -> str:
    """What the worker is called where its jobs are written down."""
    return f"seat-worker-{worker.name}-0"


async def queue_bulk(
    session: aiohttp.ClientSession, url: str, key: str, everyone: list[dict[str, Any]]
) -> str:
    """Queue as many people as fit; returns the bulk's id."""
    body = {
        "contacts": [asking_for(person, "email") for person in everyone[:SIZE]],
        "enrichment_type": ["email"],
    }
    async with session.post(url, json=body, headers={"X-API-KEY": key}) as reply:
        assert reply.status == 202, await reply.text()
        queued: str = (await reply.json())["enrichment_id"]
        return queued


async def progress(session: aiohttp.ClientSession, url: str, key: str) -> Any:
    async with session.get(url, headers={"X-API-KEY": key}) as reply:
        return await reply.json()
