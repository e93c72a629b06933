"""What a vendor takes for an answer that comes late is counted, and taken once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from headrace.domain.errors import Problem
from headrace.storage.database import Statement, Steps
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


@asynccontextmanager
async def hasty(stack: Stack, directory: Path) -> AsyncIterator[Headrace]:
    """A process whose searches end before the vendor answers."""
    await stack.control("_control/latency", ms=LATE_MS, vendor="hunter")
    async with process(directory, stack.sandbox_url, **HUNTER, WATERFALL__DEADLINE__EMAIL="0.1") as here:
        yield here


async def silence(here: Headrace) -> None:
    """Until all answers have come."""
    async with asyncio.timeout(ENOUGH):
        await here.enricher.finish(ENOUGH)


async def test_that_of_a_search_that_had_ended_is_counted(stack: Stack, tmp_path: Path) -> None:
    cost = await in_time(stack, tmp_path / "in time")
    async with hasty(stack, tmp_path) as here:
        payer = await account(here.storage, credits=10_000)
        with pytest.raises(Problem, match="providers_failed"):
            await here.enricher.enrich(MATHIEU, payer)
        assert spent(here) == []
        await silence(here)
        assert spent(here) == cost != []
        assert await balance(here.storage, payer.id) == (10_000, 0)


async def test_a_queued_contact_begins_its_next_try_with_it(stack: Stack, tmp_path: Path) -> None:
    cost = await in_time(stack, tmp_path / "in time")
    await stack.control("_control/reset")
    async with hasty(stack, tmp_path) as here:
        payer = await account(here.storage, credits=10_000)
        enrichment_id = await queue(here, payer)
        await work(here, payer)
        assert await state(here, enrichment_id) == "queued"
        await silence(here)
        await here.storage.database.write(let_time_pass)
        await work(here, payer)
        assert await state(here, enrichment_id) == "finished"
        assert (await stack.calls())["hunter"] == {"email": 1}
        assert spent(here) == cost
        assert await balance(here.storage, payer.id) == (7_000, 0)
        assert (await here.storage.audit()).balanced


def let_time_pass() -> Steps[None]:
    yield Statement("UPDATE enrichments SET not_before = 0", {})
