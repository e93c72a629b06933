"""`kill -9` while webhooks are delivered and queued contacts are worked through: nothing is lost."""

import asyncio
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.crash.server import Server, asking_for, people, set_latency, until
from tests.jobs.receiver import Received, receiving

pytestmark = pytest.mark.alone

KILLS = 10
EACH = 12
"""Webhooks that are owed in the life of one server."""

BULK = 40
SLOW = 100
"""Milliseconds that a vendor takes, so that much is left to do once it was seen that a part is done."""

LONG = 1200
"""Looks at something that takes a few seconds."""

SETTINGS = {
    "SERVER__RATE_LIMIT": "100000",
    "WEBHOOKS__ALLOW_HTTP": "true",
    "WEBHOOKS__ALLOW_PRIVATE": "127.0.0.0/8",
}


class Stuck:
    """A receiver whose next `left` answers never come."""

    def __init__(self) -> None:
        self.left = 0

    async def __call__(self, received: Received) -> web.Response:
        if self.left:
            self.left -= 1
            await asyncio.Event().wait()
        return web.Response(status=204)


async def send(
    session: aiohttp.ClientSession, server: Server, path: str, body: dict[str, Any]
) -> dict[str, Any]:
    headers = {"X-API-KEY": server.key}
    async with session.post(f"{server.url}{path}", json=body, headers=headers) as response:
        told: dict[str, Any] = await response.json()
        assert response.status < 300, told
        return told


async def test_ten_kills_lose_no_webhook_and_repeat_one_only_under_its_own_id(tmp_path: Path) -> None:
    stuck = Stuck()
    owed: dict[str, dict[str, Any]] = {}
    async with receiving(stuck) as hook, aiohttp.ClientSession(trust_env=False) as session:
        for number in range(KILLS):
            stuck.left = EACH // 3
            with Server(tmp_path, **SETTINGS) as server:
                await set_latency(session, server, 0)
                wanted = len(hook.received) + EACH // 2
                mine = (await people(session, server))[number * EACH : (number + 1) * EACH]
                for person in mine:
                    body = {**asking_for(person, "email"), "webhook_url": hook.url}
                    answer = await send(session, server, "/v2/contacts/single_enrich", body)
                    owed[answer["enrichment_id"]] = answer
                await hook.until(wanted)
                server.kill()
        stuck.left = 0
        with Server(tmp_path, **SETTINGS) as server:
            books = server.books()
            count = "SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'delivered'"
            await until(lambda: books.number(count) == len(owed), LONG)
            ids = dict(books.rows("SELECT id, enrichment_id FROM webhook_deliveries"))
        received = list(hook.received)

    assert {each.id for each in received} == set(ids)
    assert len(received) > len(ids), "nothing was under way when a server was killed"
    bodies = defaultdict(set)
    for each in received:
        bodies[each.id].add(each.body)
        assert each.json == owed[ids[each.id]]
    assert {len(each) for each in bodies.values()} == {1}
    assert len(ids) == len(set(ids.values())) == len(owed) == KILLS * EACH


async def test_queued_contacts_survive_kills_and_are_charged_once(tmp_path: Path) -> None:
    ids: list[str] = []
    async with receiving() as hook, aiohttp.ClientSession(trust_env=False) as session:
        for number in range(KILLS // 2):
            with Server(tmp_path, **SETTINGS) as server:
                await set_latency(session, server, SLOW)
                mine = (await people(session, server))[number * BULK : (number + 1) * BULK]
                contacts = [{**asking_for(person), "enrichment_type": None} for person in mine]
                body = {"contacts": contacts, "enrichment_type": ["email"], "webhook_url": hook.url}
                ids.append(
                    (await send(session, server, "/api/v2/contacts/bulk_enrich", body))["enrichment_id"]
                )
                books = server.books()
                done = len(books.finished())
                await until(lambda: len(books.finished()) >= done + 10, LONG)  # noqa: B023
                server.kill()
                assert books.running() > 0, "everything was done when the server was killed"
        with Server(tmp_path, **SETTINGS) as server:
            await set_latency(session, server, 0)
            books, total = server.books(), BULK * KILLS // 2
            await until(lambda: len(books.finished()) == total, LONG)
            count = "SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'delivered'"
            await until(lambda: books.number(count) == total, LONG)
            verified = json.loads(server.headrace("ledger", "verify", "--json").stdout)
            for bulk_id in ids:
                progress = await read(session, server, f"/api/v2/contacts/bulk/{bulk_id}")
                assert (progress["status"], progress["finished"]) == ("finished", BULK)
            charged = {id_: amount for id_, amount in books.finished().items() if amount}
            told = {each.json["enrichment_id"]: each.json for each in hook.received}
            assert (verified["balanced"], verified["held"], books.quiet()) == (True, 0, True)
            assert books.charged() == charged
            assert {id_ for id_, each in told.items() if each["email"]} == set(charged)
            assert set(told) == set(books.finished())
            assert len({each.id for each in hook.received}) == total


async def read(session: aiohttp.ClientSession, server: Server, path: str) -> dict[str, Any]:
    async with session.get(f"{server.url}{path}", headers={"X-API-KEY": server.key}) as response:
        assert response.status == 200
        told: dict[str, Any] = await response.json()
        return told
