"""`kill -9` with fifty requests in flight, ten times, on one database."""

import asyncio
import json
from pathlib import Path

import aiohttp

from tests.crash.server import Answer, Books, Server, ask, people, set_latency, until

IN_FLIGHT = 50
KILLS = 10
KINDS = (("email",), ("email", "phone"), ("phone",), ("email", "phone", "personal_email"))
QUICK = ("leadmagic", "prospeo", "findymail")


async def test_ten_kills_lose_nothing_charge_nothing_twice_and_leave_nothing_held(tmp_path: Path) -> None:
    answers: list[Answer] = []
    for number in range(KILLS):
        with Server(tmp_path) as server:
            books = server.books()
            balanced(server)
            answers += await work_until_killed(server, books, number)
    assert len([answer for answer in answers if answer.status == 200]) >= sum(range(KILLS))

    with Server(tmp_path) as server:
        books = server.books()
        balanced(server)
        stored = books.finished()
        for answer in answers:
            if answer.status == 200:
                assert stored.pop(answer.body["enrichment_id"]) == answer.charged * 1000
        # What is left was settled in the instant before a kill; its answer was on its way.
        assert len(stored) <= IN_FLIGHT * KILLS - len([one for one in answers if one.status == 200])
        assert books.started == IN_FLIGHT * KILLS


async def work_until_killed(server: Server, books: Books, wanted: int) -> list[Answer]:
    """Fifty requests; once all are in flight and `wanted` of them answered, the server is killed."""
    before = books.started
    async with aiohttp.ClientSession(trust_env=False) as session:
        # Some vendors answer at once, and the rest take far longer than the server has to live.
        await set_latency(session, server, 60_000)
        for vendor in QUICK:
            await set_latency(session, server, 20, vendor=vendor)
        everyone = await people(session, server)
        mine = everyone[wanted * IN_FLIGHT : (wanted + 1) * IN_FLIGHT]
        asked = [
            asyncio.create_task(ask(session, server, person, *KINDS[place % len(KINDS)]))
            for place, person in enumerate(mine)
        ]
        await until(lambda: books.started == before + IN_FLIGHT)
        await until(lambda: sum(task.done() for task in asked) >= wanted)
        server.kill()
        answers = await asyncio.gather(*asked)
    assert books.running() > 0, "nothing was in flight when the server was killed"
    return answers


def balanced(server: Server) -> None:
    """A restarted server has put the books in order."""
    verified = server.headrace("ledger", "verify", "--json")
    assert verified.returncode == 0, verified.stdout
    found = json.loads(verified.stdout)
    assert (found["balanced"], found["held"]) == (True, 0)

    books = server.books()
    assert (books.held, books.running()) == (0, 0)
    charged, finished = books.charged(), books.finished()
    assert charged == {id_: amount for id_, amount in finished.items() if amount}
    released = books.number("SELECT COUNT(*) FROM enrichments WHERE state = 'released' AND charged = 0")
    assert released + len(finished) == books.started
    assert len(list((server.directory / "headrace.db.owners").iterdir())) == 1
