"""A SOCKS5 server that passes connections on, or refuses them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address


@dataclass
class Socks:
    """Where it listens, and which addresses it was asked for: numbers, never names."""

    url: str = ""
    refuse: bool = False
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x05\x00")
        head = await reader.readexactly(4)
        assert head == b"\x05\x01\x00\x01"
        host = str(IPv4Address(await reader.readexactly(4)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append((host, port))
        if self.refuse:
            writer.write(b"\x05\x05\x00\x01" + bytes(6))
        else:
            onward = await asyncio.open_connection(host, port)
            writer.write(b"\x05\x00\x00\x01" + bytes(6))
            await asyncio.gather(_pass(reader, onward[1]), _pass(onward[0], writer))
        writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(4096):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def socks_server(*, refuse: bool = False) -> AsyncIterator[Socks]:
    socks = Socks(refuse=refuse)
    server = await asyncio.start_server(socks.serve, "127.0.0.1", 0)
    socks.url = f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield socks
    server.close()
