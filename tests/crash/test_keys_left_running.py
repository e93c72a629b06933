"""An `Idempotency-Key` whose process was killed in the middle of its request."""

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.crash.server import Server, asking_for, people, set_latency, until

FREE_WITHIN = 30.0
"""Seconds, as documented."""


async def send(session: aiohttp.ClientSession, server: Server, body: Any) -> tuple[int, Any, bool]:
    headers = {"X-API-KEY": server.key, "Idempotency-Key": "left-running"}
    async with session.post(
        f"{server.url}/v2/contacts/single_enrich", json=body, headers=headers
    ) as response:
        replayed = response.headers.get("Idempotency-Replayed") == "true"
        return response.status, await response.json(), replayed


async def test_it_works_again_within_thirty_seconds(tmp_path: Path) -> None:
    async with aiohttp.ClientSession(trust_env=False) as session:
        with Server(tmp_path) as server:
            await set_latency(session, server, 60_000)
            body = asking_for((await people(session, server))[0], "email")
            asked = asyncio.create_task(send(session, server, body))
            books = server.books()
            running = "SELECT COUNT(*) FROM idempotency_keys WHERE state = 'running'"
            await until(lambda: books.number(running) == 1)
            server.kill()
            killed = time.monotonic()
            assert isinstance(await asyncio.gather(asked, return_exceptions=True), list)

        with Server(tmp_path) as server:
            await set_latency(session, server, 0)
            status, answer, replayed = await send(session, server, body)
            while status == 409 and time.monotonic() < killed + FREE_WITHIN:
                await asyncio.sleep(0.5)
                status, answer, replayed = await send(session, server, body)
            assert (status, replayed) == (200, False)
            again = await send(session, server, body)
            assert again == (200, answer, True)
            assert server.books().quiet()
