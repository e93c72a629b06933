"""Room for deliveries: so many at once in all, and so many to one host."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit


class Busy(Exception):
    """The host had no place in time."""


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore
    users: int = 0


class Places:
    """`in_all` places of which one host gets at most `per_host`: one that hangs takes none from the others.

    `patience`: seconds for which a host's place is waited for.
    """

    def __init__(self, in_all: int, per_host: int, patience: float) -> None:
        self._in_all = asyncio.Semaphore(in_all)
        self._per_host = per_host
        self._patience = patience
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def place(self, url: str) -> AsyncIterator[None]:
        """A place to post to `url` from. Raises `Busy`."""
        name = _host(url)
        host = self._hosts.setdefault(name, _Host(asyncio.Semaphore(self._per_host)))
        host.users += 1
        try:
            await self._wait_for(host)
            try:
                async with self._in_all:
                    yield
            finally:
                host.places.release()
        finally:
            host.users -= 1
            if not host.users:
                del self._hosts[name]

    async def _wait_for(self, host: _Host) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await host.places.acquire()
        except TimeoutError:
            raise Busy from None


def _host(url: str) -> str:
    """What connections are counted by; URLs that cannot be read go nowhere, and share one host."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port}"
    except ValueError:
        return ""
