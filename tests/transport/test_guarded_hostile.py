"""What the guarded transport makes of a receiver that does not behave."""

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from headrace.domain.failures import Failure, Refused
from headrace.ports import Delivered
from headrace.transport.guarded import BODY_BYTES, GuardedTransport
from tests.faults.waiting import pass_time
from tests.transport.servers import (
    OK,
    PATIENCE,
    Peer,
    Script,
    reply,
    saying,
    saying_then_closing,
    serving,
    silent,
)
from tests.transport.test_hostile import BROKEN, SLOW, _drip_body

SHORT = 0.2


@pytest_asyncio.fixture
async def transport() -> AsyncIterator[GuardedTransport]:
    """With one connection, so that one that were not given back would be missed."""
    made = guarded(PATIENCE)
    yield made
    await made.aclose()


@pytest_asyncio.fixture
async def hasty() -> AsyncIterator[GuardedTransport]:
    made = guarded(SHORT)
    yield made
    await made.aclose()


def guarded(timeout: float) -> GuardedTransport:
    return GuardedTransport(
        timeout=timeout, allow_http=True, allow_private=["127.0.0.0/8"], per_host=1, connections=1
    )


async def outcome(transport: GuardedTransport, url: str) -> int | Failure:
    async with asyncio.timeout(PATIENCE):
        try:
            return (await transport.post(url, {}, b"{}")).status
        except Refused as refused:
            return refused.failure


async def still_works(transport: GuardedTransport) -> bool:
    async with serving(saying(OK)) as healthy:
        return await outcome(transport, healthy.url) == 200


async def test_a_refused_connection_is_connect_failed(transport: GuardedTransport) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert await outcome(transport, url) is Failure.CONNECT_FAILED


@pytest.mark.parametrize("script", BROKEN)
async def test_a_broken_answer_is_an_answer_or_none_and_nothing_else(
    transport: GuardedTransport, script: Script
) -> None:
    async with serving(script) as server:
        assert await outcome(transport, server.url) in (200, Failure.CONNECTION_LOST)
    assert len(server.requests) == 1
    assert await still_works(transport)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\nContent-Le", b"220 mail\r\n"])
async def test_half_a_head_is_no_answer(transport: GuardedTransport, start: bytes) -> None:
    async with serving(saying_then_closing(start)) as server:
        assert await outcome(transport, server.url) is Failure.CONNECTION_LOST
    assert await still_works(transport)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{}",
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\nthank you",
        b"HTTP/1.1 202 Accepted\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_half_a_body_takes_nothing_back(transport: GuardedTransport, answer: bytes) -> None:
    async with serving(saying_then_closing(answer)) as server:
        assert await outcome(transport, server.url) == 202
    assert await still_works(transport)


@pytest.mark.parametrize("head", [b"Content-Length: 1048576000", b"X-Length: none"])
async def test_a_giant_body_is_dropped_with_its_connection(transport: GuardedTransport, head: bytes) -> None:
    sent = 0

    async def script(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
        while True:
            await peer.send(b" " * 65536)
            sent += 65536

    async with serving(script) as server:
        assert await outcome(transport, server.url) == 200
        await server.lost_one()
    assert sent < 64 << 20  # what fits into the buffers on the way, not all of it
    assert await still_works(transport)


async def test_a_body_of_just_the_limit_leaves_the_connection_open(transport: GuardedTransport) -> None:
    async with serving(saying(reply(b" " * BODY_BYTES))) as server:
        for _ in range(3):
            assert await outcome(transport, server.url) == 200
    assert server.connections == 1


async def test_a_packed_body_is_never_unpacked(transport: GuardedTransport) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(bytes(50 << 20)) + packer.flush()
    assert len(bomb) < BODY_BYTES
    async with serving(saying(reply(bomb, "Content-Encoding: gzip"))) as server:
        for _ in range(2):
            assert await outcome(transport, server.url) == 200
    assert server.connections == 1


@pytest.mark.parametrize("script", [script for script in SLOW if script is not _drip_body])
async def test_time_is_up_however_slowly_a_head_drips(hasty: GuardedTransport, script: Script) -> None:
    async with serving(script) as server:
        for _ in range(2):
            assert await outcome(hasty, server.url) is Failure.TIMEOUT
            await server.lost_all()


async def test_a_body_that_drips_is_dropped_when_time_is_up(transport: GuardedTransport) -> None:
    drips = asyncio.Semaphore(0)

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            await peer.send(b" ")
            await asyncio.sleep(0.01)
            drips.release()

    async with serving(script) as server:
        delivery = asyncio.create_task(transport.post(server.url, {}, b"{}"))
        for _ in range(5):
            await drips.acquire()
        assert not delivery.done()
        pass_time(PATIENCE)
        async with asyncio.timeout(PATIENCE):
            assert (await delivery).status == 200
        await server.lost_one()


async def test_time_is_up_while_a_receiver_does_not_read(hasty: GuardedTransport) -> None:
    over = asyncio.Event()

    async def deaf(peer: Peer) -> None:
        await over.wait()

    async with serving(deaf) as server, asyncio.timeout(PATIENCE):
        with pytest.raises(Refused) as caught:
            await hasty.post(server.url, {}, bytes(1 << 20))
        over.set()
    assert caught.value.failure is Failure.TIMEOUT


async def test_time_is_up_while_a_receiver_does_not_shake_hands(hasty: GuardedTransport) -> None:
    async with serving(silent) as server:
        assert await outcome(hasty, server.url.replace("http", "https")) is Failure.TIMEOUT
        await server.lost_all()


async def test_an_answer_before_the_body_was_read_is_an_answer(transport: GuardedTransport) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nRetry-After: 9\r\n\r\n")
        await peer.until_gone()

    async with serving(script) as server, asyncio.timeout(PATIENCE):
        assert await transport.post(server.url, {}, bytes(500_000)) == Delivered(413, "9")


async def test_a_delivery_that_is_given_up_gives_its_connection_back(transport: GuardedTransport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.until_gone()

    async with serving(script) as server:
        delivery = asyncio.create_task(transport.post(server.url, {}, b"{}"))
        await server.received(1)
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        await server.lost_one()
    assert await still_works(transport)
