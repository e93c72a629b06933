"""A stop signal while a queued contact is under way: its vendors have been paid, so it ends as usual."""

import signal
from pathlib import Path

import aiohttp

from tests.crash.server import Server, asking_for, people, set_latency, until

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
