"""Servers that speak HTTP byte by byte, so that they can also speak it badly."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET

PATIENCE = 10.0
"""Seconds after which a test that hangs is a test that failed; nothing ever takes nearly as long."""

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(slots=True)
class Peer:
    """One client's connection, seen from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: "Server"

    async def request(self) -> bytes:
        """The next request, head and body, remembered in `server.requests`."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        body = await self.reader.readexactly(length)
        await self.server.remember(head + body)
        return head + body

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the connection off with RST."""
        self.writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_gone(self) -> None:
        """Returns when the client has dropped the connection."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


Script = Callable[[Peer], Awaitable[None]]


@dataclass(slots=True)
class Server:
    """What a script saw. `gone` counts the connections that are over and that nobody waited for; `lost` those
    that somebody did."""

    port: int = 0
    scheme: str = "http"
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    gone: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    lost: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        host = "localhost" if self.scheme == "https" else "127.0.0.1"
        return f"{self.scheme}://{host}:{self.port}"

    async def received(self, count: int) -> None:
        """Returns when so many requests have come in."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: len(self.requests) >= count)

    async def remember(self, request: bytes) -> None:
        self.requests.append(request)
        async with self._news:
            self._news.notify_all()

    async def lost_one(self) -> None:
        """Returns when one more connection is over."""
        async with asyncio.timeout(PATIENCE):
            await self.gone.acquire()
        self.lost += 1

    async def lost_all(self) -> None:
        """Returns when every connection is over. Whose time was up before it was there has made none."""
        while self.lost < self.connections:
            await self.lost_one()


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """A server on a free port of the loopback that plays `script` to each connection."""
    server = Server(scheme="https" if tls else "http")
    playing: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        playing.add(task)
        server.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await script(Peer(reader, writer, server))
        finally:
            playing.discard(task)
            server.gone.release()
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()

    listening = await asyncio.start_server(play, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(playing):
            task.cancel()
        if playing:
            await asyncio.wait(list(playing))


def saying(reply: bytes) -> Script:
    """Answers every request on a connection with the same bytes."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(reply)

    return script


def saying_then_closing(reply: bytes) -> Script:
    """Answers one request, then ends the connection."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(reply)

    return script


async def silent(peer: Peer) -> None:
    """Reads and never answers."""
    await peer.until_gone()


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A well-formed reply that announces its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
