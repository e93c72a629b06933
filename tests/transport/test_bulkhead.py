"""A vendor that hangs keeps its own calls waiting, and nobody else's."""

import asyncio

import pytest

from headrace.domain.failures import Failure, Refused
from headrace.ports import OutboundRequest, Response
from headrace.transport.bulkhead import Bulkhead
from tests.transport.conftest import Make
from tests.transport.servers import OK, PATIENCE, Peer, saying, serving


async def never(peer: Peer) -> None:
    """Takes the request and says nothing."""
    await peer.request()
    await asyncio.Event().wait()


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


async def test_a_call_waits_for_its_place_no_longer_than_it_may_take(make: Make) -> None:
    transport = Bulkhead(make(connections=1), 1)
    async with serving(never) as hanging, asyncio.timeout(PATIENCE):
        out = await hang(transport, hanging.url, "slow", 1)
        for vendor in ("slow", "quick"):
            with pytest.raises(Refused) as refused:
                await ask(transport, hanging.url, vendor, seconds=0.05)
            assert refused.value.failure is Failure.TIMEOUT
        await cut_off(out)


async def test_places_come_back_however_a_call_ends(make: Make) -> None:
    transport = Bulkhead(make(), 3)  # in the client a call that was cut off may go on for a while
    async with serving(never) as hanging, serving(saying(OK)) as fine, asyncio.timeout(PATIENCE):
        for _ in range(5):
            await cut_off(await hang(transport, hanging.url, "slow", 10))
            with pytest.raises(Refused):
                await ask(transport, hanging.url, "slow", seconds=0.02)
        await asyncio.gather(*(ask(transport, fine.url, "slow") for _ in range(10)))
        await asyncio.gather(*(ask(transport, fine.url, name) for name in "abc"))
