"""A receiver of webhooks that costs little: it answers 204 at once and remembers when each id first came."""

import asyncio
import time

import httptools

_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver:
    """Everything that came in. `first` and `last` are in seconds, as `time.perf_counter` has them."""

    def __init__(self) -> None:
        self.ids: set[bytes] = set()
        self.posts = 0
        self.first = self.last = 0.0
        self._news = asyncio.Event()

    async def listen(self) -> str:
        """Begin; returns the URL to post to."""
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"

    def take(self, webhook_id: bytes) -> None:
        self.last = time.perf_counter()
        self.first = self.first or self.last
        self.posts += 1
        self.ids.add(webhook_id)
        self._news.set()

    async def until(self, count: int) -> None:
        """Returns when so many different ones have come in."""
        while len(self.ids) < count:
            self._news.clear()
            await self._news.wait()


class _Connection(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.parser = httptools.HttpRequestParser(self)
        self.id = b""

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"webhook-id":
            self.id = value

    def on_message_complete(self) -> None:
        self._receiver.take(self.id)
        self.transport.write(_ANSWER)
