"""A process whose queue is worked through when the test says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from headrace.config import load
from headrace.domain.model import Account, Contact, EnrichmentRequest, Field
from headrace.engine.ids import new_id
from headrace.jobs.contacts import Contacts
from headrace.wiring import Headrace, at_sandbox, build

MATHIEU = EnrichmentRequest(
    Contact(
        "Mathieu",
        "Brun-Picard",
        "Pronto",
        "prontohq.com",
        "https://www.linkedin.com/in/mathieu-brun-picard/",
    ),
    (Field.EMAIL,),
)
"""The documented contact, whom every vendor knows."""


@asynccontextmanager
async def process(directory: Path, sandbox_url: str | None, **overlay: str) -> AsyncIterator[Headrace]:
    """One on the database in `directory`; without a sandbox, without vendors."""
    environment = {f"HEADRACE_{name}": value for name, value in overlay.items()}
    settings = load(None, {**environment, "HEADRACE_DATABASE__URL": f"sqlite:///{directory / 'headrace.db'}"})
    here = build(at_sandbox(settings, sandbox_url) if sandbox_url else settings, sandbox=True)
    try:
        yield here
    finally:
        await here.enricher.finish(0)
        await here.transport.aclose()
        here.storage.close()


async def queue(here: Headrace, payer: Account, wanted: EnrichmentRequest = MATHIEU) -> str:
    """Queue it at today's price; returns its id."""
    enrichment_id, price = new_id(), here.enricher.price(wanted)
    await here.storage.enrichments.queue([wanted], payer, [price], [enrichment_id])
    return enrichment_id


def contacts(here: Headrace) -> Contacts:
    return Contacts(here.enricher, here.storage.enrichments, here.storage.accounts, 5)


async def work(here: Headrace, payer: Account) -> None:
    """All of the account's queue that may be taken."""
    await contacts(here)(payer.id)


async def state(here: Headrace, enrichment_id: str) -> str:
    sql = "SELECT state FROM enrichments WHERE id = :id"
    return str((await here.storage.database.read(sql, {"id": enrichment_id}))[0][0])
