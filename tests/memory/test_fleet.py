"""Processes that share a Valkey ask once for all of them."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from headrace.cli.background import BackgroundServer
from headrace.wiring import build
from tests.memory.asking import account, ask, trace
from tests.servers import valkey
from tests.stack import Stack, running

LONG = 2000
"""Milliseconds: long enough for all to be there before the vendor answers."""


@pytest.fixture(scope="module")
def valkey_url() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
def fleet(tmp_path: Path, valkey_url: str) -> Iterator[tuple[Stack, Stack]]:
    """Two servers on one database, with the same vendors."""
    with running(tmp_path, SHARED__URL=valkey_url, SERVER__RATE_LIMIT="100000") as one:
        headrace = build(one.headrace.settings, sandbox=True)
        with BackgroundServer(headrace.application()) as server:
            yield one, replace(one, headrace=headrace, url=server.url)


async def test_forty_at_two_servers_make_one_call(fleet: tuple[Stack, Stack], valkey_url: str) -> None:
    one, _ = fleet
    key = await account(one, 0)
    await one.control("_control/latency", ms=LONG)
    replies = await asyncio.gather(*(ask(fleet[number % 2], key) for number in range(40)))
    with redis.Redis.from_url(valkey_url) as store:
        names = list(store.scan_iter("headrace:*"))
        results = [store.get(name) for name in names if name.startswith(b"headrace:result:")]
    lines = Counter(line for reply in replies for line in trace(reply))
    asked = lines["leadmagic", "found", "asked"]
    # One for both; or one each, where a server that was starved of CPU took the store to be away.
    assert asked in (1, len(fleet))
    assert lines == {("leadmagic", "found", "asked"): asked, ("leadmagic", "found", "shared"): 40 - asked}
    assert await one.total_calls() == asked
    assert results, "it stays for a few seconds"
    kept = b"\n".join(names + results).lower()
    assert [secret for secret in (b"mathieu", b"brun", b"prontohq") if secret in kept] == []


async def test_what_one_server_was_told_the_other_remembers(fleet: tuple[Stack, Stack]) -> None:
    one, other = fleet
    key = await account(one)
    assert trace(await ask(one, key)) == [("leadmagic", "found", "asked")]
    assert trace(await ask(other, key)) == [("leadmagic", "found", "reused")]
