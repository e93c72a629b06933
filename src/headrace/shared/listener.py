"""One subscription per process: what the others tell."""

import asyncio
from collections.abc import Callable
from typing import Any

from redis.asyncio.client import PubSub
from redis.exceptions import ResponseError

from headrace.shared.link import LOST, Link

_AGAIN = 0.5
"""Seconds between attempts to subscribe."""

_SILENCE = 2.0
"""Seconds without a message after which the other end must show that it is there."""


class Listener:
    """Hands each message to whoever asked for its channel. Messages sent while it is cut off are lost."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._ears: dict[str, Callable[[bytes], None]] = {}
        self._joined: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def hear(self, channel: str, ear: Callable[[bytes], None]) -> None:
        """Before `start`: call `ear` with each message on `channel`."""
        self._ears[channel] = ear

    def when_joined(self, call: Callable[[], None]) -> None:
        """Call this each time that messages begin to come, for what was missed."""
        self._joined.append(call)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                async with self._link.subscription() as subscription:
                    await subscription.subscribe(*self._ears)
                    await self._listen(subscription)
            except LOST as error:
                if isinstance(error, ResponseError):
                    self._link.refused(error)
                await asyncio.sleep(_AGAIN)

    async def _listen(self, subscription: PubSub) -> None:
        waited = False
        while True:
            message = await subscription.get_message(timeout=_SILENCE)
            if message is None:
                if waited:
                    raise TimeoutError
                await subscription.ping()
            else:
                self._take(message)
            waited = message is None

    def _take(self, message: dict[str, Any]) -> None:
        channel = (message["channel"] or b"").decode()
        if message["type"] == "message" and channel in self._ears:
            self._ears[channel](message["data"])
        elif message["type"] == "subscribe" and message["data"] == len(self._ears):
            for call in self._joined:
                call()
