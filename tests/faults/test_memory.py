"""Replies that are made to fill the memory do not."""

import psutil
import pytest

from tests.stack import Stack

MEGABYTE = 1 << 20


@pytest.mark.parametrize("fault", ["huge_body", "gzip_bomb"])
async def test_memory_stays_flat_over_bodies_that_are_made_to_fill_it(stack: Stack, fault: str) -> None:
    process = psutil.Process()

    async def once() -> None:
        stack.close_breakers()
        for vendor in ("leadmagic", "airscale", "pronto"):
            for kind in ("email", "phone", "personal_email"):
                await stack.fault(vendor, kind, fault)
        reply = await stack.enrich("email", "phone", "personal_email")
        assert reply.status == 200
        assert reply.json["email"] == "mathieu@prontohq.com"
        await stack.control("_control/reset")

    await once()
    before = process.memory_info().rss
    for _ in range(8):
        await once()
    assert process.memory_info().rss - before < 60 * MEGABYTE
