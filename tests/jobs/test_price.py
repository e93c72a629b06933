"""A contact costs what was held for it, whatever happened to prices while it waited."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from headrace.config import load
from headrace.domain.model import Account, Contact, EnrichmentRequest, Field
from headrace.engine.ids import new_id
from headrace.jobs.contacts import Contacts
from headrace.ports import Queued
from headrace.wiring import Headrace, at_sandbox, build
from tests.stack import Stack
from tests.storage.making import account, balance

MATHIEU = EnrichmentRequest(Contact("Mathieu", "Brun-Picard", domain="prontohq.com"), (Field.EMAIL,))


@asynccontextmanager
async def priced(directory: Path, price: str, sandbox_url: str) -> AsyncIterator[Headrace]:
    """A process at this price; it does what is queued when it is told to."""
    settings = load(
        None,
        {
            "HEADRACE_DATABASE__URL": f"sqlite:///{directory / 'headrace.db'}",
            "HEADRACE_PRICES__EMAIL": price,
        },
    )
    here = build(at_sandbox(settings, sandbox_url), sandbox=True)
    try:
        yield here
    finally:
        await here.transport.aclose()
        here.storage.close()


async def queue(here: Headrace, payer: Account) -> str:
    enrichment_id, price = new_id(), here.enricher.price(MATHIEU)
    await here.storage.enrichments.queue([MATHIEU], payer, [price], [enrichment_id])
    return enrichment_id


async def work(here: Headrace, payer: Account) -> None:
    storage = here.storage
    await Contacts(here.enricher, storage.enrichments, storage.accounts, 5)(payer.id)


async def test_a_price_that_was_raised_meanwhile_is_not_the_contacts(stack: Stack, tmp_path: Path) -> None:
    async with priced(tmp_path, "3", stack.sandbox_url) as before:
        payer = await account(before.storage, credits=10_000)
        enrichment_id = await queue(before, payer)
    async with priced(tmp_path, "4", stack.sandbox_url) as after:
        await work(after, payer)
        stored = await after.storage.enrichments.get(enrichment_id, payer.id)
        assert stored
        assert (stored.state, stored.charged) == ("finished", 3_000)
        assert stored.record.results["email"].values == ("mathieu@prontohq.com",)
        assert b"headrace_credits_charged_total 3.0" in after.meter.render()
        assert await balance(after.storage, payer.id) == (7_000, 0)
        assert (await after.storage.audit()).balanced


async def test_one_that_was_lowered_is(stack: Stack, tmp_path: Path) -> None:
    async with priced(tmp_path, "4", stack.sandbox_url) as before:
        payer = await account(before.storage, credits=10_000)
        await queue(before, payer)
    async with priced(tmp_path, "3", stack.sandbox_url) as after:
        await work(after, payer)
        assert await balance(after.storage, payer.id) == (7_000, 0)
        assert (await after.storage.audit()).balanced


async def test_a_queued_contact_says_what_is_held_for_it(stack: Stack, tmp_path: Path) -> None:
    async with priced(tmp_path, "3", stack.sandbox_url) as here:
        payer = await account(here.storage, credits=10_000)
        enrichment_id = await queue(here, payer)
        taken = await here.storage.enrichments.take(payer.id, 1)
        assert taken == [Queued(enrichment_id, None, MATHIEU, held=3_000)]
