"""Stop signals with requests in flight: everybody is answered, everything is settled."""

import asyncio
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.crash.server import Answer, Server, ask, people, set_latency, until

WITHIN = 30
IN_FLIGHT = 50


async def stopped_while_asked(
    server: Server, number: signal.Signals, kinds: tuple[str, ...], quick: dict[str, float]
) -> tuple[int, list[Answer]]:
    """Fifty requests in flight, then the signal; returns the exit code and what the clients got."""
    books = server.books()
    async with aiohttp.ClientSession(trust_env=False) as session:
        await set_latency(session, server, 60_000)
        for vendor, ms in quick.items():
            await set_latency(session, server, ms, vendor=vendor)
        everyone = await people(session, server)
        asked = [asyncio.create_task(ask(session, server, person, *kinds)) for person in everyone[:IN_FLIGHT]]
        await until(lambda: books.started == IN_FLIGHT)
        code = await asyncio.to_thread(server.stop, number, WITHIN)
        return code, await asyncio.gather(*asked)


def check_books(server: Server, answers: list[Answer]) -> None:
    """Nothing is held, nothing runs, and every answer is on record at its price."""
    books = server.books()
    assert (books.held, books.running(), books.started) == (0, 0, IN_FLIGHT)
    stored = books.finished()
    for answer in answers:
        if answer.status == 200:
            assert stored[answer.body["enrichment_id"]] == answer.charged * 1000
    assert sum(stored.values()) == sum(answer.charged * 1000 for answer in answers)
    assert books.charged() == {id_: amount for id_, amount in stored.items() if amount}
    verified = server.headrace("ledger", "verify", "--json")
    assert verified.returncode == 0, verified.stdout
    owners = (server.directory / "headrace.db.owners").iterdir()
    assert [left.name for left in owners if not left.name.startswith("seat-")] == []


async def test_sigterm_answers_everybody_with_the_best_so_far(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        code, answers = await stopped_while_asked(
            server, signal.SIGTERM, ("email", "phone"), {"leadmagic": 20.0}
        )
        assert code == 0, server.said_on_stderr()
        assert {answer.status for answer in answers} == {200}
        assert any(answer.charged for answer in answers)
        check_books(server, answers)


async def test_sigterm_answers_503_free_of_charge_when_no_vendor_has_answered(tmp_path: Path) -> None:
    with Server(tmp_path, SERVER__DRAIN_SECONDS="1") as server:
        code, answers = await stopped_while_asked(server, signal.SIGTERM, ("email",), {})
        assert code == 0, server.said_on_stderr()
        assert {answer.status for answer in answers} == {503}
        assert {answer.body["code"] for answer in answers} == {"providers_failed"}
        check_books(server, answers)


async def test_what_a_vendor_says_during_the_drain_still_counts(tmp_path: Path) -> None:
    quick = dict.fromkeys(("leadmagic", "prospeo", "findymail", "hunter", "pronto", "airscale"), 400.0)
    with Server(tmp_path, SERVER__DRAIN_SECONDS="6") as server:
        code, answers = await stopped_while_asked(server, signal.SIGTERM, ("phone",), quick)
        assert code == 0, server.said_on_stderr()
        assert {answer.status for answer in answers} == {200}
        assert any(answer.charged for answer in answers)
        check_books(server, answers)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once_and_leaves_a_closed_database(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Server(tmp_path) as server:
        assert server.stop(number, WITHIN) == 0
        assert "Traceback" not in server.said_on_stderr()

    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"headrace.db", "headrace.db.key", "headrace.db.seal", "headrace.db.owners", "stderr"}


async def test_a_server_that_is_started_again_knows_its_accounts_and_keys(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        first = server.key
        assert server.stop(signal.SIGTERM, WITHIN) == 0
    with Server(tmp_path) as server:
        for key in (first, server.key):
            assert await credits_of(server, key) == {"credits": 100_000, "held": 0}
        assert server.books().rows("SELECT name FROM accounts") == [("sandbox",)]


async def credits_of(server: Server, key: str) -> object:
    """What `GET /v2/credits` says."""
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.get(f"{server.url}/v2/credits", headers={"X-API-KEY": key}) as response,
    ):
        assert response.status == 200
        return await response.json()


def refuses(server: Server) -> bool:
    """Whether it takes no more connections."""
    at = urlsplit(server.url)
    try:
        socket.create_connection((at.hostname, at.port or 0)).close()
    except ConnectionRefusedError:
        return True
    return False


async def hung_up(server: Server, *signals: signal.Signals) -> tuple[int, int]:
    """A request whose vendors take a minute, then signals, one after the other; the exit code, and the status
    that the client got, 0 for a closed connection."""
    books = server.books()
    async with aiohttp.ClientSession(trust_env=False) as session:
        await set_latency(session, server, 60_000)
        person = (await people(session, server))[0]
        asked = asyncio.create_task(ask(session, server, person, "email"))
        await until(lambda: books.started == 1)
        await asyncio.sleep(0.5)
        for number in signals[:-1]:
            server.send(number)
            await until(lambda: refuses(server))  # so it has noticed, and takes the next one for another
        code = await asyncio.to_thread(server.stop, signals[-1], WITHIN)
        return code, (await asked).status


async def test_calls_that_slow_vendors_still_work_on_end_without_a_word(tmp_path: Path) -> None:
    with Server(tmp_path, SERVER__DRAIN_SECONDS="1") as server:
        assert await hung_up(server, signal.SIGTERM) == (0, 503)
        assert server.said_on_stderr() == ""


async def test_a_second_interrupt_closes_the_connections_of_those_who_wait(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        assert await hung_up(server, signal.SIGINT, signal.SIGINT) == (0, 0)
        assert server.said_on_stderr() == ""
