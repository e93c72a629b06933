"""A process that stops ends its searches soon, whatever they are at."""

import asyncio

import pytest

from headrace.domain.errors import Problem
from headrace.domain.model import Contact, EnrichmentRequest, Field
from headrace.wiring import build
from tests.engine.test_run_sharing import ENOUGH, Scene, scene
from tests.stack import Stack

__all__ = ["scene"]

SOON = 0.05


async def test_a_search_that_waits_ends_soon(scene: Scene) -> None:
    run = scene.run(100 * ENOUGH)
    search = asyncio.create_task(run.until_answered())
    await scene.server.received(1)
    run.hurry(SOON)
    async with asyncio.timeout(ENOUGH):
        await search
    assert run.outstanding
    scene.may_answer.set()
    await run.until_silent()


async def test_one_that_has_not_begun_does_so_and_ends_soon(scene: Scene) -> None:
    run = scene.run(100 * ENOUGH)
    run.hurry(SOON)
    async with asyncio.timeout(ENOUGH):
        await run.until_answered()
    scene.may_answer.set()
    await run.until_silent()


async def test_what_was_promised_when_the_signal_came_is_hurried_too(stack: Stack) -> None:
    await stack.control("_control/latency", ms=60_000)
    here = build(stack.headrace.settings, sandbox=True)
    account = await here.storage.accounts.get("main")
    wanted = EnrichmentRequest(Contact("Mathieu", "Brun-Picard", domain="prontohq.com"), (Field.EMAIL,))
    search = asyncio.create_task(here.enricher.enrich(wanted, account))
    await asyncio.sleep(0)  # its hold is on the way to the disk
    here.enricher.hurry(SOON)
    async with asyncio.timeout(ENOUGH):
        with pytest.raises(Problem) as ended:
            await search
    assert ended.value.code == "providers_failed"
    await here.transport.aclose()
    here.storage.close()
