"""What stands in front of a fleet: hands each connection to the next server that accepts it."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_PIECE = 65_536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Balancer:
    """Listens on loopback in a thread of its own. `before` is told the number of each connection, from 1 on,
    before it is handed on."""

    def __init__(self, urls: Sequence[str], before: Callable[[int], None] = lambda number: None) -> None:
        self._targets = [(parts.hostname, parts.port) for parts in map(urlsplit, urls)]
        self._before = before
        self._numbers = count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _hang_up(self) -> None:
        self._server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(self._numbers)
        await asyncio.to_thread(self._before, number)
        try:
            server_reader, server_writer = await self._dial(number)
        except ConnectionError:
            writer.close()
        else:
            with suppress(asyncio.CancelledError):  # the balancer hangs up
                await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer))

    async def _dial(self, number: int) -> Streams:
        """A connection to the server whose turn it is, or to another one."""
        for place in range(len(self._targets)):
            host, port = self._targets[(number + place) % len(self._targets)]
            with suppress(OSError):
                return await asyncio.open_connection(host, port)
        raise ConnectionError("no server accepts connections")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass  # one side has gone; so the other is told
    finally:
        writer.close()
