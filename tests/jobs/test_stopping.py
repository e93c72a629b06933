"""A stop cuts searches off: a queued one goes on with what it has heard, and no miss is kept for good."""

import asyncio
import time
from pathlib import Path

from msgspec.structs import replace

from headrace.domain.model import Contact, Enrichment, EnrichmentRequest, Field
from headrace.engine.enrich import Once
from headrace.ports import Claim
from headrace.storage.database import Database
from headrace.wiring import Headrace
from tests.jobs.by_hand import MATHIEU, contacts, process, queue, state, work
from tests.stack import Stack
from tests.storage.making import account, balance, until

SOON = 0.05
PATIENCE = 30.0
NEVER_MS = 120_000
ORDER = {
    "WATERFALL__ORDER__EMAIL": "hunter",
    "WATERFALL__ORDER__PHONE": "leadmagic",
    "VERIFICATION__ORDER": "",
}
BOTH = replace(MATHIEU, fields=(Field.EMAIL, Field.PHONE))
NOBODY = EnrichmentRequest(Contact("Nobody", "Atall", domain="nowhere.example"), (Field.EMAIL,))


async def asked(stack: Stack, vendor: str) -> bool:
    return bool((await stack.calls()).get(vendor))


async def answered(here: Headrace, vendor: str) -> bool:
    """Whether a search is under way that has this vendor's answer, whatever else it waits for."""
    return any(
        attempt.provider == vendor and attempt.outcome == "found"
        for run in here.enricher._runs
        for attempt in run.waterfall.attempts
    )


async def test_a_queued_contact_that_was_cut_off_goes_on_with_what_it_had_heard(
    stack: Stack, tmp_path: Path
) -> None:
    await stack.control("_control/latency", ms=NEVER_MS, vendor="leadmagic")
    async with process(tmp_path, stack.sandbox_url, **ORDER) as before:
        payer = await account(before.storage, credits=100_000)
        enrichment_id = await queue(before, payer, BOTH)
        job = contacts(before)
        working = asyncio.create_task(job(payer.id))
        await until(lambda: asked(stack, "leadmagic"))
        await until(lambda: answered(before, "hunter"))
        job.stop()
        before.enricher.hurry(SOON)
        await working
        assert await state(before, enrichment_id) == "queued"
        assert await balance(before.storage, payer.id) == (67_000, 33_000)
        assert (await before.storage.audit()).balanced

    await stack.control("_control/latency", ms=0, vendor="leadmagic")
    async with process(tmp_path, stack.sandbox_url, **ORDER) as after:
        await work(after, payer)
        stored = await after.storage.enrichments.get(enrichment_id, payer.id)
        assert stored
        assert stored.record.results["email"].values == ("mathieu@prontohq.com",)
        assert stored.record.results["phone"].values == ("+33612345678",)
        assert [line.reused for line in stored.record.attempts if line.reused is True] == []
        assert await balance(after.storage, payer.id) == (67_000, 0)
        assert (await after.storage.audit()).balanced
        await after.enricher.finish(PATIENCE)
        assert not await after.storage.database.read("SELECT id FROM answers", {}), (
            "nobody else is told of it"
        )
    calls = {vendor: kinds for vendor, kinds in (await stack.calls()).items() if kinds}
    assert calls == {"hunter": {"email": 1}, "leadmagic": {"phone": 2}}


async def test_what_it_had_heard_is_nobody_elses(stack: Stack, tmp_path: Path) -> None:
    await stack.control("_control/latency", ms=NEVER_MS, vendor="leadmagic")
    async with process(tmp_path, stack.sandbox_url, **ORDER) as before:
        payer = await account(before.storage, credits=100_000)
        await queue(before, payer, BOTH)
        job = contacts(before)
        working = asyncio.create_task(job(payer.id))
        await until(lambda: asked(stack, "hunter"))
        job.stop()
        before.enricher.hurry(SOON)
        await working
    async with process(tmp_path, stack.sandbox_url, **ORDER) as after:
        stranger = await account(after.storage, "stranger", credits=100_000)
        await queue(after, stranger)
        await work(after, stranger)
    assert (await stack.calls())["hunter"] == {"email": 2}


async def test_one_that_has_all_it_could_find_ends(stack: Stack, tmp_path: Path) -> None:
    async with process(tmp_path, stack.sandbox_url, **ORDER) as here:
        payer = await account(here.storage, credits=100_000)
        enrichment_id = await queue(here, payer)
        here.enricher.hurry(60)
        await work(here, payer)
        assert await state(here, enrichment_id) == "finished"
        assert await balance(here.storage, payer.id) == (97_000, 0)


async def test_a_miss_that_a_stop_made_answers_its_key_for_seconds(stack: Stack, tmp_path: Path) -> None:
    await stack.control("_control/latency", ms=NEVER_MS, vendor="leadmagic")
    order = {**ORDER, "WATERFALL__ORDER__EMAIL": "hunter,leadmagic"}
    async with process(tmp_path, stack.sandbox_url, **order) as here:
        payer = await account(here.storage, credits=10_000)
        once = Once(Claim("key", "f"), written)
        search = asyncio.create_task(here.enricher.enrich(NOBODY, payer, once))
        await until(lambda: asked(stack, "leadmagic"))
        here.enricher.hurry(SOON)
        assert not (await search).results[Field.EMAIL].found
        assert await kept_for(here.storage.database) < 60
        assert await balance(here.storage, payer.id) == (10_000, 0)


async def test_what_was_charged_for_answers_its_key_for_a_day(stack: Stack, tmp_path: Path) -> None:
    await stack.control("_control/latency", ms=NEVER_MS, vendor="leadmagic")
    async with process(tmp_path, stack.sandbox_url, **ORDER) as here:
        payer = await account(here.storage, credits=100_000)
        search = asyncio.create_task(here.enricher.enrich(BOTH, payer, Once(Claim("key", "f"), written)))
        await until(lambda: asked(stack, "leadmagic"))
        await until(lambda: answered(here, "hunter"))
        here.enricher.hurry(1)
        assert (await search).charged == 3_000
        assert await kept_for(here.storage.database) > 60


def written(enrichment: Enrichment) -> bytes:
    return enrichment.id.encode()


async def kept_for(database: Database) -> float:
    ((until_when,),) = await database.read("SELECT expires_at FROM idempotency_keys", {})
    return float(until_when) - time.time()
