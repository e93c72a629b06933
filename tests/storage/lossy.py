"""A way to a PostgreSQL server that loses the answer to a commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = b"COMMIT"


class LossyWay:
    """A relay on loopback. Set `lose`, and the next commit reaches the server, whose answer gets lost
    together with the connection."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._ends: set[asyncio.Task[None]] = set()
        self.port = 0
        self.lose = False
        self.lost = 0

    def url(self, location: object) -> str:
        """The database at `location`, by this way."""
        return f"postgresql://postgres@127.0.0.1:{self.port}{urlsplit(str(location)).path}"

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it or an answer is lost."""
        there, back = await asyncio.open_unix_connection(str(self._server))
        losing = asyncio.Event()

        async def ask() -> None:
            while data := await reader.read(65_536):
                if self.lose and COMMIT in data:
                    self.lose = False
                    losing.set()
                back.write(data)
                await back.drain()

        async def answer() -> None:
            while data := await there.read(65_536):
                if losing.is_set():
                    self.lost += 1
                    return
                writer.write(data)
                await writer.drain()

        ways = [asyncio.create_task(ask()), asyncio.create_task(answer())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, back):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()


@asynccontextmanager
async def lossy_way(server: Path) -> AsyncIterator[LossyWay]:
    """Relays to the server's socket."""
    way = LossyWay(server)
    listener = await asyncio.start_server(way.relay, "127.0.0.1", 0)
    way.port = listener.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        listener.close()
