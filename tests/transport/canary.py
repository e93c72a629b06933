"""A listener that must not hear anything, and a name server that lies."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from unittest.mock import patch

from aiohttp.abc import AbstractResolver, ResolveResult

from headrace.domain.public import plain


@dataclass(slots=True)
class Canary:
    """Who came: `connections` at the listener, `dialled` anywhere at all (address and port)."""

    port: int = 0
    connections: int = 0
    dialled: list[tuple[str, int]] = field(default_factory=list)

    @property
    def heard(self) -> tuple[int, list[tuple[str, int]]]:
        return self.connections, self.dialled


SILENCE: tuple[int, list[tuple[str, int]]] = (0, [])


@asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    """Listens on one port of 127.0.0.1 and, where there is one, ::1; off the loopback, nothing is dialled."""
    heard = Canary()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.connections += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    servers = [await asyncio.start_server(answer, "127.0.0.1", 0)]
    heard.port = servers[0].sockets[0].getsockname()[1]
    if _has_ipv6():
        servers.append(await asyncio.start_server(answer, "::1", heard.port))
    try:
        with _tripwire(heard):
            yield heard
    finally:
        for server in servers:
            server.close()


@contextmanager
def _tripwire(heard: Canary) -> Iterator[None]:
    """Notes every `connect`, and lets those through that stay on the loopback: a mistake reaches nobody."""
    really = socket.socket.connect

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        heard.dialled.append((address[0], address[1]))
        if not plain(ip_address(address[0])).is_loopback:
            raise ConnectionRefusedError
        really(self, address)

    with patch.object(socket.socket, "connect", connect):
        yield


def _has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


class Names(AbstractResolver):
    """Answers every name with `answers`, one list of addresses after the other and then the last again."""

    def __init__(self, *answers: Iterable[str]) -> None:
        self._answers = [list(addresses) for addresses in answers]
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass
