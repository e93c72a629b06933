"""Processes that share a Valkey ask once for all of them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Semaphore
from typing import Any, cast

import pytest
import redis

from headrace.cli.background import BackgroundServer
from headrace.shared.connect import connect
from headrace.shared.flights import ValkeyFlights
from headrace.wiring import build
from tests.faults.waiting import until
from tests.memory.asking import account, ask, trace
from tests.memory.waits import Asking
from tests.servers import valkey
from tests.stack import Stack, running

HELD = 1
"""Milliseconds, after which the vendor waits until all are there."""

PATIENCE = 30.0
"""Seconds that a store may take on a busy machine before a server goes on by itself."""


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
def fleet(tmp_path: Path, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stack, Stack]]:
    """Two servers on one database, with the same vendors. Neither counts as dead where both stand still."""
    monkeypatch.setattr("headrace.shared.connect.connect", partial(connect, patience=PATIENCE))
    monkeypatch.setattr("headrace.shared.flights._LOCK", 60_000)
    overlay: dict[str, Any] = {"SERVER__RATE_LIMIT": "100000", "PROVIDERS__LEADMAGIC__TIMEOUT": "25"}
    with running(tmp_path, SHARED__URL=valkey_url, **overlay) as one:
        headrace = build(one.headrace.settings, sandbox=True)
        with BackgroundServer(headrace.application()) as server:
            yield one, replace(one, headrace=headrace, url=server.url)


async def test_forty_at_two_servers_make_one_call(
    fleet: tuple[Stack, Stack], valkey_url: str, answers: Semaphore, asking: Asking
) -> None:
    one, _ = fleet
    key = await account(one, 0)

    async def followed() -> bool:
        """Whether one of them waits for the other."""
        await asyncio.sleep(0.01)
        return any(cast(ValkeyFlights, each.headrace.shared.flights)._awaited for each in fleet)

    await one.control("_control/latency", ms=HELD)
    waiting = asyncio.gather(*(ask(fleet[number % 2], key) for number in range(40)))
    await asking.reaches(40)
    await until(followed)
    answers.release()
    replies = await waiting
    with redis.Redis.from_url(valkey_url) as store:
        names = list(store.scan_iter("headrace:*"))
        results = [store.get(name) for name in names if name.startswith(b"headrace:result:")]
    lines = Counter(line for reply in replies for line in trace(reply))
    assert lines == {("leadmagic", "found", "asked"): 1, ("leadmagic", "found", "shared"): 39}
    assert await one.total_calls() == 1
    assert results, "it stays for a few seconds"
    kept = b"\n".join(names + results).lower()
    assert [secret for secret in (b"mathieu", b"brun", b"prontohq") if secret in kept] == []


async def test_what_one_server_was_told_the_other_remembers(fleet: tuple[Stack, Stack]) -> None:
    one, other = fleet
    key = await account(one)
    assert trace(await ask(one, key)) == [("leadmagic", "found", "asked")]
    assert trace(await ask(other, key)) == [("leadmagic", "found", "reused")]
