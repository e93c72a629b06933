"""Enrichments that share a call keep their own deadlines."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar

import pytest_asyncio
from msgspec.structs import replace

from headrace.domain.model import Contact, Field, Found, Needs
from headrace.domain.plan import Plan, Source
from headrace.domain.waterfall import Waterfall
from headrace.engine.breakers import LocalBoard
from headrace.engine.clock import SystemClock
from headrace.engine.flights import LocalFlights
from headrace.engine.guard import Guard, Limits
from headrace.engine.memory import Ages, Memory
from headrace.engine.rates import LocalRates
from headrace.engine.run import Deadlines, Run, Surroundings
from headrace.engine.screen import Screen
from headrace.engine.vendor import Vendor
from headrace.providers.base import BY_DOMAIN, Balance, Conversation, Rate, Request
from headrace.transport.pyreqwest import PyreqwestTransport
from tests.domain.builders import DELIVERABLE
from tests.engine.asking import ADDRESS, JANE, Kept
from tests.transport.servers import PATIENCE, Peer, Server, reply, serving

SHORT, ENOUGH = 0.05, PATIENCE


class Slow:
    """A vendor that knows Jane."""

    name: ClassVar[str] = "slow"
    base_url: ClassVar[str] = "http://127.0.0.1"
    finds: ClassVar[Mapping[Field, Needs]] = {Field.EMAIL: (BY_DOMAIN,)}
    together: ClassVar[frozenset[Field]] = frozenset()
    one_price: ClassVar[bool] = False
    rates: ClassVar[Mapping[str, Rate]] = {}
    concurrency: ClassVar[int] = 1
    timeout: ClassVar[float] = PATIENCE

    def headers(self) -> Mapping[str, str]:
        return {}

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Found]:
        yield Request("GET", "/find")
        return Found((ADDRESS,), DELIVERABLE, cost=1.0)

    def balance(self) -> Conversation[Balance]:
        raise NotImplementedError


class Nobody:
    """`ports.Suppressions` without an entry."""

    async def hit(self, identifiers: Sequence[str]) -> bool:
        return False


class Scene:
    """One vendor, which answers when it may, and enrichments with deadlines of their own."""

    def __init__(self, server: Server, may_answer: asyncio.Event) -> None:
        self.server, self.may_answer = server, may_answer
        self.transport = PyreqwestTransport()
        clock = SystemClock()
        memory = Memory(Kept(), LocalFlights(), str.encode, clock)
        guard = Guard({("slow", Field.EMAIL): Limits(1)}, clock, LocalRates(clock), LocalBoard())
        vendors = {"slow": Vendor(Slow(), server.url, {}, PATIENCE)}
        never = Deadlines({}, 0)
        self._around = Surroundings(vendors, Screen(Nobody()), memory, guard, self.transport, clock, never)

    def run(self, seconds: float) -> Run:
        """An enrichment that ends after so long."""
        plan = Plan({Field.EMAIL: (Source("slow", Slow.finds),)})
        around = replace(self._around, deadlines=Deadlines({Field.EMAIL: seconds}, seconds))
        return Run(Waterfall(JANE, (Field.EMAIL,), plan), around, Ages())


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    may_answer = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await may_answer.wait()
        await peer.send(reply(b"{}"))

    async with serving(script) as server:
        made = Scene(server, may_answer)
        yield made
        await made.transport.aclose()


def trace(run: Run) -> list[tuple[str, str | None, bool, float]]:
    return [(line.outcome, line.reason, line.timing.shared, line.vendor_cost) for line in run.attempts]


async def test_when_the_time_of_who_asked_is_up_the_others_still_get_the_answer(scene: Scene) -> None:
    first, second = scene.run(SHORT), scene.run(ENOUGH)
    leading = asyncio.create_task(first.until_answered())
    await scene.server.received(1)
    following = asyncio.create_task(second.until_answered())
    await leading
    assert not first.waterfall.results[Field.EMAIL].found
    assert not following.done()
    scene.may_answer.set()
    await following
    await first.until_silent()
    assert second.waterfall.results[Field.EMAIL].values == (ADDRESS,)
    assert trace(second) == [("found", "valid", True, 0.0)]
    assert trace(first) == [("found", "late", False, 1.0)]
    assert len(scene.server.requests) == 1


async def test_who_waits_for_anothers_call_waits_no_longer_than_for_its_own(scene: Scene) -> None:
    first, second = scene.run(ENOUGH), scene.run(SHORT)
    leading = asyncio.create_task(first.until_answered())
    await scene.server.received(1)
    await second.until_answered()
    assert trace(second) == [("failed", "deadline", False, 0.0)]
    assert not leading.done()
    scene.may_answer.set()
    await leading
    await second.until_silent()
    assert trace(first) == [("found", "valid", False, 1.0)]
    assert trace(second) == [("found", "late", True, 0.0)]
    assert len(scene.server.requests) == 1


async def test_one_place_is_enough_for_all_who_ask_the_same(scene: Scene) -> None:
    """The vendor takes one call at a time; who shares it takes no place of its own."""
    runs = [scene.run(ENOUGH) for _ in range(20)]
    tasks = [asyncio.create_task(run.until_answered()) for run in runs]
    await scene.server.received(1)
    scene.may_answer.set()
    await asyncio.gather(*tasks)
    assert [run.waterfall.results[Field.EMAIL].values for run in runs] == [(ADDRESS,)] * 20
    assert len(scene.server.requests) == 1
