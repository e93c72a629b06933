"""One `Idempotency-Key` at three processes at once."""

import asyncio
from pathlib import Path

import aiohttp

from tests.crash.books import Books
from tests.crash.server import set_latency
from tests.fleet.fleet import Fleet, fleet
from tests.fleet.process import account
from tests.servers import Valkey
from tests.stack import ENRICH, SEED

AT_ONCE = 300
PATHS = (ENRICH, "/api/v2/contacts/single_enrich")


async def test_three_hundred_at_once_in_three_processes_are_one(
    database: str, store: Valkey, tmp_path: Path
) -> None:
    with fleet(tmp_path, database, store.url, {}, apis=3, workers=0) as made:
        key = account(tmp_path, made.settings, credits=100)
        async with aiohttp.ClientSession(trust_env=False, connector=aiohttp.TCPConnector(limit=0)) as session:
            await set_latency(session, made, 200)
            for path in PATHS:
                said = await send_all(session, made, path, key)
                assert {(status, text) for status, text, _ in said} == {(200, said[0][1])}
                assert sum(not replayed for _, _, replayed in said) == 1
        books = Books(made.loaded().database_at)
        assert books.started == len(PATHS)
        assert list(books.charged().values()) == [3000]


async def send_all(
    session: aiohttp.ClientSession, made: Fleet, path: str, key: str
) -> list[tuple[int, str, bool]]:
    """The same request, spread over the processes: status, body, and whether it was a repetition."""
    headers = {"X-API-KEY": key, "Idempotency-Key": "the same"}
    urls = made.urls

    async def send(number: int) -> tuple[int, str, bool]:
        body = {**SEED, "enrichment_type": ["email"]}
        async with session.post(f"{urls[number % 3]}{path}", json=body, headers=headers) as reply:
            return reply.status, await reply.text(), "Idempotency-Replayed" in reply.headers

    return await asyncio.gather(*(send(number) for number in range(AT_ONCE)))
