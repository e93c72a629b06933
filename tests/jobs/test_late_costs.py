"""What a vendor takes for an answer that comes late is counted all the same."""

import asyncio
from pathlib import Path

import pytest

from headrace.domain.errors import Problem
from headrace.wiring import Headrace
from tests.jobs.by_hand import MATHIEU, process, queue, state, work
from tests.stack import Stack
from tests.storage.making import account, balance

HUNTER = {"WATERFALL__ORDER__EMAIL": "hunter", "VERIFICATION__ORDER": ""}
LATE_MS = 1_000
ENOUGH = 60


def spent(here: Headrace) -> list[str]:
    lines = here.meter.render().decode().splitlines()
    return [line for line in lines if line.startswith("headrace_vendor_credits_total")]


async def in_time(stack: Stack, directory: Path) -> list[str]:
    """What the same search costs when the vendor answers in time."""
    async with process(directory, stack.sandbox_url, **HUNTER) as here:
        payer = await account(here.storage, credits=10_000)
        await here.enricher.enrich(MATHIEU, payer)
        return spent(here)


@pytest.mark.parametrize("later", [False, True])
async def test_of_a_search_that_had_ended(stack: Stack, tmp_path: Path, later: bool) -> None:
    cost = await in_time(stack, tmp_path / "in time")
    await stack.control("_control/latency", ms=LATE_MS, vendor="hunter")
    hasty = {**HUNTER, "WATERFALL__DEADLINE__EMAIL": "0.1"}
    async with process(tmp_path, stack.sandbox_url, **hasty) as here:
        payer = await account(here.storage, credits=10_000)
        if later:
            enrichment_id = await queue(here, payer)
            await work(here, payer)
            assert await state(here, enrichment_id) == "queued"
        else:
            with pytest.raises(Problem, match="providers_failed"):
                await here.enricher.enrich(MATHIEU, payer)
        assert spent(here) == []
        async with asyncio.timeout(ENOUGH):
            await here.enricher.finish(ENOUGH)
        assert spent(here) == cost != []
        assert await balance(here.storage, payer.id) == ((7_000, 3_000) if later else (10_000, 0))
        assert (await here.storage.audit()).balanced
