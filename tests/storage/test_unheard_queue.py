"""What is queued in a commit that was not heard of: either its caller is told so, or it is undone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from headrace.domain.errors import Problem
from headrace.domain.model import Account, Contact, EnrichmentRequest, Field
from headrace.domain.plan import Plan
from headrace.domain.pricing import PriceBook
from headrace.engine.enrich import Books, Enricher
from headrace.ports import Claim, Reply
from headrace.storage.enrichments import SqlEnrichments
from headrace.storage.opening import Storage
from tests.servers import Postgres, new_database
from tests.storage.lossy import LossyWay, lossy_way
from tests.storage.making import account, balance, until
from tests.storage.opened import opened

IDS = ["e1", "e2"]
WANTED = [EnrichmentRequest(Contact(first_name=name), (Field.EMAIL,)) for name in IDS]
REPLY = Reply(Claim("key", "f"), 202, b"{}")


@dataclass(frozen=True, slots=True)
class Scene:
    """`here` reaches the database by `way`; `storage` sees what is in it."""

    here: Enricher
    way: LossyWay
    storage: Storage
    payer: Account

    async def queue(self, reply: Reply | None = None) -> None:
        self.way.lose = True
        await self.here.queue(WANTED, self.payer, IDS, "bulk", reply)

    async def states(self) -> list[str]:
        rows = await self.storage.database.read("SELECT state FROM enrichments ORDER BY id", {})
        return [row[0] for row in rows]

    async def undone(self) -> bool:
        return await self.states() == ["released", "released"]


@pytest.fixture
def storage(crashing: Postgres) -> Iterator[Storage]:
    with new_database(crashing.url) as url:
        made = opened(url)
        yield made
        made.close()


@pytest_asyncio.fixture
async def scene(crashing: Postgres, storage: Storage) -> AsyncIterator[Scene]:
    payer = await account(storage, credits=10_000)
    async with lossy_way(crashing.socket) as way:
        here = await asyncio.to_thread(opened, way.url(storage.location))
        enricher = queueing(here)
        yield Scene(enricher, way, storage, payer)
        await enricher.finish(30)
        await asyncio.to_thread(here.close)


def queueing(storage: Storage) -> Enricher:
    """The use case, as far as it takes to queue."""
    nobody: Any = None
    prices = PriceBook({Field.EMAIL: 3_000}, {}, 1.0)
    books = Books(storage.ledger, storage.enrichments, prices)
    return Enricher(Plan({}), nobody, books, nobody, nobody, nobody, nobody)


async def test_its_caller_is_told_that_it_is_queued(scene: Scene) -> None:
    await scene.queue()
    assert scene.way.lost == 1
    assert await scene.states() == ["queued", "queued"]
    assert await balance(scene.storage, scene.payer.id) == (4_000, 6_000)
    assert (await scene.storage.audit()).balanced


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database stays away for a moment longer."""

    async def away(*_: object) -> None:
        raise Problem("storage_unavailable", retry_after=1)

    monkeypatch.setattr(SqlEnrichments, "get", away)


@pytest.mark.usefixtures("blind")
async def test_a_caller_who_was_told_that_nothing_is_charged_is_charged_nothing(scene: Scene) -> None:
    with pytest.raises(Problem, match="storage_unavailable"):
        await scene.queue()
    assert scene.way.lost == 1
    await until(scene.undone)
    assert await balance(scene.storage, scene.payer.id) == (10_000, 0)
    assert (await scene.storage.audit()).balanced


@pytest.mark.usefixtures("blind")
async def test_one_with_a_key_hears_of_it_when_the_key_comes_again(scene: Scene) -> None:
    with pytest.raises(Problem, match="storage_unavailable"):
        await scene.queue(REPLY)
    told = await scene.storage.idempotency.look(REPLY.claim)
    assert told
    assert (told.status, told.body) == (202, b"{}")
    assert await scene.states() == ["queued", "queued"]
    assert (await scene.storage.audit()).balanced


async def test_one_that_was_refused_before_is_not_queued(scene: Scene) -> None:
    poor = await account(scene.storage, "poor", credits=1)
    with pytest.raises(Problem, match="insufficient_credits"):
        await scene.here.queue(WANTED, poor, IDS, "bulk")
    assert await scene.states() == []
