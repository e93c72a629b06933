"""A thousand ask at once for the last credit, at two processes."""

import asyncio
from collections import Counter
from pathlib import Path

import aiohttp

from tests.crash.books import Books
from tests.fleet.fleet import Fleet, fleet
from tests.fleet.process import account
from tests.servers import Valkey
from tests.stack import ENRICH, SEED

RACERS = 1000


async def test_a_thousand_racers_on_one_credit_have_one_winner(
    database: str, store: Valkey, tmp_path: Path
) -> None:
    overlay = {"SERVER__RATE_LIMIT": "1000000", "PRICES__EMAIL": "1"}
    with fleet(tmp_path, database, store.url, overlay, workers=0) as made:
        key = account(tmp_path, made.settings, credits=1)
        heard = await race(made, key)
        assert heard == {(200, "success"): 1, (422, "insufficient_credits"): RACERS - 1}
        assert len(Books(made.loaded().database_at).finished()) == 1
        found = made.told("ledger", "verify")
        assert (found["balanced"], found["available"], found["held"]) == (True, 0, 0)


async def race(made: Fleet, key: str) -> Counter[tuple[int, str]]:
    """What they hear: status, and the code or the answer's status."""
    connections = aiohttp.TCPConnector(limit=0)
    urls = made.urls

    async def ask(number: int) -> tuple[int, str]:
        body = {**SEED, "enrichment_type": ["email"]}
        url = f"{urls[number % len(urls)]}{ENRICH}"
        while True:
            async with session.post(url, json=body, headers={"X-API-KEY": key}) as reply:
                said = await reply.json()
                if reply.status != 503:  # how a machine that is too busy answers
                    return reply.status, said.get("code") or said["status"]

    async with aiohttp.ClientSession(trust_env=False, connector=connections) as session:
        return Counter(await asyncio.gather(*(ask(number) for number in range(RACERS))))
