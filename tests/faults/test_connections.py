"""Who gets no connection of ours was not asked, and that says nothing about the vendor."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.waiting import until
from tests.stack import Stack, running

ONE: dict[str, Any] = {
    "TRANSPORT__CONNECTIONS": "1",
    "WATERFALL__ORDER__PHONE": "leadmagic",
    "WATERFALL__ORDER__EMAIL": "findymail",
    "PROVIDERS__FINDYMAIL__TIMEOUT": "1",
    "PROVIDERS__LEADMAGIC__TIMEOUT": "300",
    "WATERFALL__DEADLINE__PHONE": "300",
    "WATERFALL__DEADLINE__TOTAL": "300",
}


@pytest.fixture
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with a single connection to all vendors."""
    with running(tmp_path_factory.mktemp("stack"), vendors=["leadmagic", "findymail"], **ONE) as made:
        yield made


async def test_a_vendor_that_was_never_asked_is_not_paused(crowded: Stack) -> None:
    await crowded.fault("leadmagic", "phone", "timeout")
    holding = asyncio.create_task(crowded.enrich("phone"))

    async def held() -> bool:
        return bool((await crowded.calls())["leadmagic"])

    await until(held)
    replies = await asyncio.gather(*(crowded.enrich("email", firstname=name) for name in "ABCDEF"))
    assert [reply.status for reply in replies] == [503] * 6
    assert (await crowded.calls())["findymail"] == {}
    ready = (await crowded.send("GET", "/readyz", key="")).json
    assert ready["providers"] == {"leadmagic": "ok", "findymail": "ok"}
    assert not holding.done()
    holding.cancel()
