"""A contact costs what was held for it, whatever happened to prices while it waited."""

from pathlib import Path

from headrace.ports import Queued
from tests.jobs.by_hand import MATHIEU, process, queue, work
from tests.stack import Stack
from tests.storage.making import account, balance


async def test_a_price_that_was_raised_meanwhile_is_not_the_contacts(stack: Stack, tmp_path: Path) -> None:
    async with process(tmp_path, stack.sandbox_url, PRICES__EMAIL="3") as before:
        payer = await account(before.storage, credits=10_000)
        enrichment_id = await queue(before, payer)
    async with process(tmp_path, stack.sandbox_url, PRICES__EMAIL="4") as after:
        await work(after, payer)
        stored = await after.storage.enrichments.get(enrichment_id, payer.id)
        assert stored
        assert (stored.state, stored.charged) == ("finished", 3_000)
        assert stored.record.results["email"].values == ("mathieu@prontohq.com",)
        assert b"headrace_credits_charged_total 3.0" in after.meter.render()
        assert await balance(after.storage, payer.id) == (7_000, 0)
        assert (await after.storage.audit()).balanced


async def test_one_that_was_lowered_is(stack: Stack, tmp_path: Path) -> None:
    async with process(tmp_path, stack.sandbox_url, PRICES__EMAIL="4") as before:
        payer = await account(before.storage, credits=10_000)
        await queue(before, payer)
    async with process(tmp_path, stack.sandbox_url, PRICES__EMAIL="3") as after:
        await work(after, payer)
        assert await balance(after.storage, payer.id) == (7_000, 0)
        assert (await after.storage.audit()).balanced


async def test_a_queued_contact_says_what_is_held_for_it(stack: Stack, tmp_path: Path) -> None:
    async with process(tmp_path, stack.sandbox_url, PRICES__EMAIL="3") as here:
        payer = await account(here.storage, credits=10_000)
        enrichment_id = await queue(here, payer)
        taken = await here.storage.enrichments.take(payer.id, 1)
        assert taken == [Queued(enrichment_id, None, MATHIEU, held=3_000)]
