"""Faults of the connection itself: silence, a reset, bodies that drip, flood or explode."""

import asyncio
import contextlib
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import lru_cache

from headrace.sandbox.wire import Receive, Response, Send

PATIENCE = 120.0
DRIP_EVERY = 0.5
CHUNK = 64 * 1024
HUGE = 40 * 1024 * 1024
BOMB_BLOCK = 1024 * 1024
BOMB_BLOCKS = 300

_HEAD, _TAIL = b'{"email":"', b'"}'


async def play(fault: str, receive: Receive, send: Send, answer: Response) -> None:
    """Act out a connection fault until it is over or the caller has gone."""
    gone = asyncio.ensure_future(_gone(receive))
    act = asyncio.ensure_future(_ACTS[fault](send, answer))
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({gone, act}, return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        _cut(send)
    finally:
        if act.done() and not act.cancelled() and act.exception() is not None:
            _cut(send)
        for task in (act, gone):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _silence(_send: Send, _answer: Response) -> None:
    await asyncio.Event().wait()


async def _reset(send: Send, _answer: Response) -> None:
    if not _cut(send):
        await send({"type": "http.response.start", "status": 500, "headers": []})
        return
    await asyncio.Event().wait()  # the server must notice the loss before this call may end


def _cut(send: Send) -> bool:
    """Close the caller's connection with a TCP reset, if this server lets us reach it."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        return False
    peer = transport.get_extra_info("socket")
    if peer is not None:
        with contextlib.suppress(OSError):
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    return True


async def _drip(send: Send, answer: Response) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for byte in answer.body:
            yield bytes((byte,))
            await asyncio.sleep(DRIP_EVERY)

    await _stream(send, answer.raw_headers(), drops(), answer.status)


async def _flood(send: Send, _answer: Response) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield _HEAD
        filler = b"a" * CHUNK
        for _ in range(HUGE // CHUNK):
            yield filler
        yield _TAIL

    await _stream(send, Response(200, b"").raw_headers(), chunks())


async def _explode(send: Send, _answer: Response) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in _bomb():
            yield chunk
        yield await asyncio.to_thread(_bomb_trailer)

    headers = Response(200, b"").raw_headers((("content-encoding", "gzip"),))
    await _stream(send, headers, chunks())


async def _stream(
    send: Send, headers: list[tuple[bytes, bytes]], chunks: AsyncIterator[bytes], status: int = 200
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


_ACTS: dict[str, Callable[[Send, Response], Awaitable[None]]] = {
    "timeout": _silence,
    "reset": _reset,
    "slow_body": _drip,
    "huge_body": _flood,
    "gzip_bomb": _explode,
}


def _bomb() -> Iterator[bytes]:
    """300 MiB in gzip but for the checksum: after a full flush a block stands alone, and can be repeated."""
    yield b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + _deflated(_HEAD)
    block = _deflated(b"a" * BOMB_BLOCK)
    for _ in range(BOMB_BLOCKS):
        yield block
    yield _deflated(_TAIL)
    yield b"\x03\x00"


@lru_cache(maxsize=4)
def _deflated(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeeze.compress(data) + squeeze.flush(zlib.Z_FULL_FLUSH)


@lru_cache(maxsize=1)
def _bomb_trailer() -> bytes:
    checksum = zlib.crc32(_HEAD)
    block = b"a" * BOMB_BLOCK
    for _ in range(BOMB_BLOCKS):
        checksum = zlib.crc32(block, checksum)
    checksum = zlib.crc32(_TAIL, checksum)
    return struct.pack("<II", checksum, len(_HEAD) + BOMB_BLOCK * BOMB_BLOCKS + len(_TAIL))
