"""What a queued contact has heard is paid for once and counted once, however often it is tried again."""

import sqlite3
from contextlib import closing
from pathlib import Path

from headrace.domain.model import Contact, EnrichmentRequest, Field
from tests.jobs.by_hand import process, queue, state, work
from tests.stack import Stack
from tests.storage.making import account

NOBODY = EnrichmentRequest(Contact("Mathilde", "Durand", domain="nowhere.example"), (Field.EMAIL,))
ORDER = {
    "WATERFALL__ORDER__EMAIL": "headrace_finder",
    "VERIFICATION__ORDER": "hunter,leadmagic",
    "PROVIDERS__LEADMAGIC__RATE": "1",
}
"""Each guess is judged by one who cannot tell, and then by one who has no room but for the first."""


async def test_a_verdict_that_did_not_help_is_not_bought_again(stack: Stack, tmp_path: Path) -> None:
    async with process(tmp_path, stack.sandbox_url, **ORDER) as here:
        payer = await account(here.storage, credits=100_000)
        enrichment_id = await queue(here, payer, NOBODY)
        asked, spent = [], []
        for _ in range(3):
            await work(here, payer)
            await here.enricher.finish(30)
            assert await state(here, enrichment_id) == "queued"
            asked.append((await stack.calls())["hunter"]["verify"])
            spent.append(_credits(here.meter.render().decode(), "hunter"))
            with closing(sqlite3.connect(tmp_path / "headrace.db")) as db, db:
                db.execute("UPDATE enrichments SET not_before = 0")
        assert asked[0] > 1
        assert (len(set(asked)), len(set(spent))) == (1, 1)
        assert spent[0] > 0


def _credits(metrics: str, vendor: str) -> float:
    name = f'headrace_vendor_credits_total{{provider="{vendor}"}} '
    return float(metrics.split(name)[1].split(maxsplit=1)[0])
