"""One server that is killed and started again, its vendors beside it, and an account with many credits."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from headrace.config import load
from tests.crash.books import Books
from tests.fleet.fleet import at, sandbox
from tests.fleet.process import Process, account

PRICE = 3000
"""Of an address that was found, in milli-credits."""


@dataclass(slots=True)
class Outfit:
    """`server` is not started yet; `url` is where it is, or was last. `key` opens an account that no rate
    limit and no balance restrains."""

    server: Process
    books: Books
    sandbox_url: str
    key: str
    url: str = ""

    async def restart(self) -> tuple[float, float]:
        """Start the server, again; returns the seconds from the command to accepting connections, and those
        of them that were CPU time."""
        self.server.start()
        self.url = (await asyncio.to_thread(self.server.ready))["url"]
        return self.server.took, self.server.cpu

    async def asked(self) -> int:
        """How often the vendor was asked."""
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.get(f"{self.sandbox_url}/_control/calls") as reply,
        ):
            return sum(count for kinds in (await reply.json()).values() for count in kinds.values())

    def check(self) -> None:
        """The books balance, nothing is held, and each finished enrichment was charged what it says, once."""
        found = self.server.told("ledger", "verify")
        assert (found["balanced"], found["sum"], found["held"]) == (True, 0, 0)
        assert self.books.charged() == {id_: sum_ for id_, sum_ in self.books.finished().items() if sum_}


@contextmanager
def outfit(directory: Path, database: str, *, vendor: str = "leadmagic", **overlay: str) -> Iterator[Outfit]:
    """An outfit with that one vendor: one call for each enrichment."""
    with sandbox(directory) as vendors:
        settings = {
            "DATABASE__URL": database,
            "SERVER__RATE_LIMIT": "1000000",
            "VERIFICATION__ORDER": "",
            **at(vendors.said["sandbox_url"], [vendor]),
            **overlay,
        }
        loaded = load(None, {f"HEADRACE_{name}": value for name, value in settings.items()})
        key = account(directory, settings)
        server = Process(directory, "serve", "--port", "0", settings=settings)
        try:
            yield Outfit(server, Books(loaded.database_at), vendors.said["sandbox_url"], key)
        finally:
            if server.running:
                server.kill()
