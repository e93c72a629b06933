"""Callers that hang up: what was paid for is finished, settled and kept."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from headrace.engine.enrich import Enricher
from headrace.storage.audit import audit
from tests.compat.pages import FOUND
from tests.faults.conftest import SHORT
from tests.faults.waiting import Gate, until
from tests.stack import ENRICH, SEED, Stack, running


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Vendors may take their time."""
    with running(tmp_path_factory.mktemp("stack"), SERVER__RATE_LIMIT=SHORT["SERVER__RATE_LIMIT"]) as made:
        yield made


@pytest.fixture
def settles(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """No enrichment is settled before it is opened."""
    gate = Gate()
    monkeypatch.setattr(Enricher, "_settle", gate.before(Enricher._settle))
    yield gate
    gate.open()


async def begin(stack: Stack, key: str, *kinds: str, of: float = 1.0, **who: str) -> asyncio.StreamWriter:
    """Send a request, or that part of it, without waiting for the answer."""
    host, port = stack.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    body = msgspec.json.encode({**SEED, **who, "enrichment_type": list(kinds)})
    head = (
        f"POST {ENRICH} HTTP/1.1\r\nHost: {host}\r\nX-API-KEY: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[: int(len(body) * of)])
    await writer.drain()
    return writer


async def test_the_work_of_a_caller_that_hung_up_is_finished_settled_and_kept(
    stack: Stack, settles: Gate
) -> None:
    key = await stack.open_account("hangs up")
    await stack.control("_control/latency", vendor="leadmagic", ms=700)
    writer = await begin(stack, key, "email", "phone")

    async def asked() -> bool:
        return sum((await stack.calls())["leadmagic"].values()) == 2

    await until(asked)
    assert (await stack.balance(key)) == (1000 - 33, 33)
    writer.transport.abort()
    settles.open()

    async def settled() -> bool:
        return await stack.balance(key) == (1000 - 33, 0)

    await until(settled)
    (row,) = stack.rows(
        "SELECT e.* FROM enrichments e JOIN accounts a ON a.id = e.account_id WHERE a.name = 'hangs up'"
    )
    assert (row["state"], row["charged"]) == ("finished", 33_000)
    stored = await stack.send("GET", f"/v2/enrichments/{row['id']}", key=key)
    assert {name: stored.json[name] for name in FOUND["email"]} == FOUND["email"]
    assert {name: stored.json[name] for name in FOUND["phone"]} == FOUND["phone"]
    assert len(stored.json["attempts"]) == 2


async def test_many_callers_that_hang_up_at_every_moment_leave_nothing_held(stack: Stack) -> None:
    key = await stack.open_account("crowd", credits=3 * 40)
    await stack.control("_control/latency", vendor="leadmagic", ms=150)
    writers = []
    for number in range(60):
        writer = await begin(stack, key, "email", company_name=f"Pronto {number}")
        writers.append(writer)
        if number % 3 == 0:
            writer.transport.abort()

    async def some_were_asked() -> bool:
        return (await stack.calls())["leadmagic"].get("email", 0) > 10

    await until(some_were_asked)
    for writer in writers:
        writer.transport.abort()

    async def nothing_runs() -> bool:
        running_ = stack.rows("SELECT id FROM enrichments WHERE state = 'running'")
        return not running_ and (await stack.balance(key))[1] == 0

    await until(nothing_runs)
    calls = await stack.calls()
    books = await audit(stack.headrace.storage.database)
    assert (books.complaints, books.sum, books.held) == ((), 0, 0)
    (charged,) = stack.rows(
        "SELECT count(*) AS n FROM enrichments e JOIN accounts a ON a.id = e.account_id"
        " WHERE a.name = 'crowd' AND e.charged = 3000"
    )
    assert charged["n"] == calls["leadmagic"]["email"]
    assert await stack.balance(key) == (3 * 40 - 3 * charged["n"], 0)


async def test_a_caller_that_hangs_up_before_its_body_is_whole_costs_nothing(stack: Stack) -> None:
    key = await stack.open_account("half")
    for _ in range(20):
        writer = await begin(stack, key, "email", of=0.6)
        writer.transport.abort()
    assert (await stack.send("GET", "/healthz")).status == 200
    assert await stack.balance(key) == (1000, 0)
    assert await stack.total_calls() == 0
    assert (await stack.enrich("email", key=key)).status == 200
