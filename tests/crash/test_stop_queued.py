"""A stop signal while a queued contact is under way: its vendors have been paid, so it ends as usual."""

import asyncio
import signal
from pathlib import Path

import aiohttp

from tests.crash.server import Server, ask, asking_for, people, set_latency, until

WITHIN = 30


async def test_what_is_under_way_ends_within_the_drain(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        books = server.books()
        running = "SELECT COUNT(*) FROM enrichments WHERE state = 'running'"
        async with aiohttp.ClientSession(trust_env=False) as session:
            await set_latency(session, server, 4_000)
            body = asking_for((await people(session, server))[0], "email")
            url, headers = f"{server.url}/api/v2/contacts/single_enrich", {"X-API-KEY": server.key}
            async with session.post(url, json=body, headers=headers) as response:
                assert response.status == 200
            await until(lambda: books.number(running) == 1, 600)
        assert server.stop(signal.SIGTERM, WITHIN) == 0
        assert (len(books.finished()), books.quiet()) == (1, True)


async def test_what_cannot_end_by_then_is_found_after_the_restart(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        books = server.books()
        running = "SELECT COUNT(*) FROM enrichments WHERE state = 'running'"
        async with aiohttp.ClientSession(trust_env=False) as session:
            person = next(each for each in await people(session, server) if each["work_email"])
            await set_latency(session, server, 120_000)
            url, headers = f"{server.url}/api/v2/contacts/single_enrich", {"X-API-KEY": server.key}
            async with session.post(url, json=asking_for(person, "email"), headers=headers) as response:
                assert response.status == 200
            await until(lambda: books.number(running) == 1, 600)
        assert server.stop(signal.SIGTERM, 2 * WITHIN) == 0
        assert (books.finished(), books.running(), books.held) == ({}, 1, 3_000)
    with Server(tmp_path):
        await until(books.quiet, 600)
    assert list(books.finished().values()) == [3_000]
    assert books.charged() == books.finished()


async def test_requests_and_webhooks_have_one_end(tmp_path: Path) -> None:
    """One after the other, what is left of each would take longer."""
    hanging, ended = asyncio.Event(), asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.set()
        await ended.wait()
        writer.close()

    receiver = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}/"
    webhooks = {"WEBHOOKS__ALLOW_HTTP": "true", "WEBHOOKS__ALLOW_PRIVATE": "127.0.0.0/8"}
    with Server(tmp_path, SERVER__DRAIN_SECONDS="12", WEBHOOKS__TIMEOUT="60", **webhooks) as server:
        books = server.books()
        async with aiohttp.ClientSession(trust_env=False) as session:
            person, other = (await people(session, server))[:2]
            await ask(session, server, person, "email")
            enrich, headers = f"{server.url}/v2/contacts/single_enrich", {"X-API-KEY": server.key}
            body = {**asking_for(person, "email"), "webhook_url": url}
            async with session.post(enrich, json=body, headers=headers) as response:
                assert response.status == 200
            async with asyncio.timeout(60):
                await hanging.wait()
            await set_latency(session, server, 120_000)
            waiting = asyncio.create_task(ask(session, server, other, "email"))
            await until(lambda: books.running() == 1)
            code = await asyncio.to_thread(server.stop, signal.SIGTERM, 22)
            assert (code, (await waiting).status) == (0, 503)
    assert books.quiet()
    assert books.rows("SELECT state, attempts FROM webhook_deliveries") == [("pending", 0)]
    ended.set()
    receiver.close()
