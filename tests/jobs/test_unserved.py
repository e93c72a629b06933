"""A process that has nobody to ask for what is queued."""

from pathlib import Path

from msgspec.structs import replace
from structlog.testing import capture_logs

from headrace.domain.model import Field
from headrace.storage.database import Statement, Steps
from headrace.wiring import Headrace
from tests.jobs.by_hand import MATHIEU, process, queue, state, work
from tests.stack import Stack
from tests.storage.making import account, balance

PHONE = replace(MATHIEU, fields=(Field.PHONE,))


async def let_time_pass(here: Headrace) -> None:
    def operation() -> Steps[None]:
        yield Statement("UPDATE enrichments SET not_before = 0", {})

    await here.storage.database.write(operation)


async def test_it_leaves_all_of_it_in_the_queue_and_says_so_once(stack: Stack, tmp_path: Path) -> None:
    async with process(tmp_path, None) as idle:
        payer = await account(idle.storage, credits=10_000)
        ids = [await queue(idle, payer), await queue(idle, payer)]
        with capture_logs() as logs:
            await work(idle, payer)
            await let_time_pass(idle)
            await work(idle, payer)
        said = [line for line in logs if line["event"] == "queue_without_provider"]
        assert [(line["log_level"], line["fields"]) for line in said] == [("error", "email")]
        assert [await state(idle, each) for each in ids] == ["queued", "queued"]
        assert await idle.storage.enrichments.waiting() == []
        assert await balance(idle.storage, payer.id) == (4_000, 6_000)
        await let_time_pass(idle)
    async with process(tmp_path, stack.sandbox_url) as able:
        await work(able, payer)
        assert await balance(able.storage, payer.id) == (4_000, 0)
        assert (await able.storage.audit()).balanced


async def test_so_does_one_whose_vendors_find_something_else(stack: Stack, tmp_path: Path) -> None:
    async with process(tmp_path, stack.sandbox_url, WATERFALL__ORDER__PHONE="") as here:
        payer = await account(here.storage, credits=100_000)
        phone, email = await queue(here, payer, PHONE), await queue(here, payer)
        await work(here, payer)
        assert (await state(here, phone), await state(here, email)) == ("queued", "finished")
        assert await balance(here.storage, payer.id) == (67_000, 30_000)
        assert (await here.storage.audit()).balanced
