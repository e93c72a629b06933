"""A receiver of webhooks on loopback: it remembers everything, and answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web


@dataclass(frozen=True, slots=True)
class Received:
    """One POST, as its bytes came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Answer = Callable[[Received], Awaitable[web.Response]]


async def accept(received: Received) -> web.Response:
    """Answers 204 at once."""
    return web.Response(status=204)


def saying(status: int, **headers: str) -> Answer:
    """Answers with this status, always."""

    async def answer(received: Received) -> web.Response:
        return web.Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


@dataclass(slots=True)
class Hook:
    """What came in; `url` is where to. `answer` may be exchanged at any time."""

    url: str
    answer: Answer
    received: list[Received] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, count: int, seconds: float = 60) -> list[Received]:
        """What was received, once it is that many."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(Received(request.path, request.headers, await request.read()))
        async with self._news:
            self._news.notify_all()
        return await self.answer(self.received[-1])


@asynccontextmanager
async def receiving(answer: Answer = accept) -> AsyncIterator[Hook]:
    """A receiver on a free port."""
    hook = Hook("", answer)
    app = web.Application()
    app.router.add_post("/{path:.*}", hook.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield hook
    finally:
        await runner.cleanup()
