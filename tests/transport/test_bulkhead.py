"""A vendor that hangs keeps its own calls waiting, and nobody else's."""

import asyncio

import pytest

from headrace.domain.failures import Refused, Unsent
from headrace.ports import OutboundRequest, Response, Transport
from headrace.transport.bulkhead import Bulkhead
from tests.transport.conftest import Make
from tests.transport.servers import OK, PATIENCE, Peer, saying, serving


async def never(peer: Peer) -> None:
    """Takes the request and says nothing."""
    await peer.request()
    await asyncio.Event().wait()


async def closing(peer: Peer) -> None:
    """Takes the request and hangs up."""
    await peer.request()


async def ask(transport: Bulkhead, url: str, vendor: str, seconds: float = PATIENCE) -> Response:
    return await transport.send(OutboundRequest("GET", url, {}, vendor=vendor), seconds)


async def hang(transport: Bulkhead, url: str, vendor: str, calls: int) -> list[asyncio.Task[Response]]:
    """Calls that are out, or wait for their place."""
    tasks = [asyncio.create_task(ask(transport, url, vendor)) for _ in range(calls)]
    await asyncio.sleep(0)
    return tasks


async def cut_off(tasks: list[asyncio.Task[Response]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_that_hangs_leaves_room_for_the_others(make: Make) -> None:
    transport = Bulkhead(make(connections=9), 9)
    async with serving(never) as hanging, serving(saying(OK)) as fine, asyncio.timeout(PATIENCE):
        out = await hang(transport, hanging.url, "slow", 50)
        answers = await asyncio.gather(*(ask(transport, fine.url, "quick") for _ in range(20)))
        assert [answer.status for answer in answers] == [200] * 20
        assert not any(task.done() for task in out)
        assert hanging.connections <= 6
        await cut_off(out)


async def test_a_call_that_gets_no_place_was_not_sent_and_is_no_failure_of_the_vendor(make: Make) -> None:
    transport = Bulkhead(make(connections=1), 1)
    async with serving(never) as hanging, asyncio.timeout(PATIENCE):
        out = await hang(transport, hanging.url, "slow", 1)
        for vendor in ("slow", "quick"):
            with pytest.raises(Unsent, match="no_connection_here"):
                await ask(transport, hanging.url, vendor, seconds=0.05)
        await hanging.received(1)
        await cut_off(out)
        assert len(hanging.requests) == 1


class Noting:
    """A transport that notes how long each request is given."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.given: list[float] = []

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        self.given.append(seconds)
        return await self.inner.send(request, seconds)

    async def aclose(self) -> None: ...


async def test_the_vendors_time_begins_when_it_is_asked(make: Make) -> None:
    noting = Noting(make(connections=1))
    transport = Bulkhead(noting, 1)
    may_answer = asyncio.Event()

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await may_answer.wait()
            await peer.send(OK)

    async with serving(script) as server, asyncio.timeout(PATIENCE):
        first = asyncio.create_task(ask(transport, server.url, "slow"))
        await server.received(1)
        others = await hang(transport, server.url, "slow", 1) + await hang(transport, server.url, "quick", 1)
        may_answer.set()
        answers = await asyncio.gather(first, *others)
    assert noting.given == [PATIENCE] * 3
    assert answers[0].waited == 0
    assert all(answer.waited > 0 for answer in answers[1:])


async def test_how_long_a_call_waited_is_told_also_when_it_fails(make: Make) -> None:
    transport = Bulkhead(make(), 1)
    async with serving(never) as hanging, serving(closing) as broken, asyncio.timeout(PATIENCE):
        holding = await hang(transport, hanging.url, "slow", 1)
        await hanging.received(1)
        waiting = asyncio.create_task(ask(transport, broken.url, "quick"))
        await asyncio.sleep(0)
        await cut_off(holding)
        with pytest.raises(Refused) as refused:
            await waiting
    assert refused.value.waited > 0


async def test_places_come_back_however_a_call_ends(make: Make) -> None:
    transport = Bulkhead(make(), 3)  # in the client a call that was cut off may go on for a while
    async with serving(never) as hanging, serving(saying(OK)) as fine, asyncio.timeout(PATIENCE):
        for _ in range(5):
            await cut_off(await hang(transport, hanging.url, "slow", 10))
            with pytest.raises(Refused):
                await ask(transport, hanging.url, "slow", seconds=0.02)
        await asyncio.gather(*(ask(transport, fine.url, "slow") for _ in range(10)))
        await asyncio.gather(*(ask(transport, fine.url, name) for name in "abc"))
