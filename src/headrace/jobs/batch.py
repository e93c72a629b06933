"""The deliveries of a batch as they stand now, however long they wait for their turn."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec.structs import replace

from headrace.ports import Delivery, Webhooks

FRESH = 1.0
"""Seconds for which what was read holds; an erasure leaves twice as long for what is on its way."""


class Batch:
    """Reads a batch again and again, for all who wait in it at once."""

    def __init__(
        self, name: str, webhooks: Webhooks, is_suppressed: Callable[[str], Awaitable[bool]]
    ) -> None:
        self._name = name
        self._webhooks = webhooks
        self._is_suppressed = is_suppressed
        self._turn = asyncio.Lock()
        self._read_at = 0.0
        self._deliveries: Mapping[str, Delivery] = {}

    async def deliveries(self) -> Sequence[Delivery]:
        """What is left to attempt. One that may not be sent has lost its URL."""
        self._deliveries = {each.id: each for each in await self._webhooks.batch(self._name)}
        await self._read()
        return list(self._deliveries.values())

    async def current(self, delivery_id: str) -> Delivery | None:
        """The delivery as it is now; `None` when it has left the batch."""
        async with self._turn:
            if asyncio.get_running_loop().time() - self._read_at > FRESH:
                await self._read()
        return self._deliveries.get(delivery_id)

    async def _read(self) -> None:
        """First who is suppressed, then the rest: of a person who is erased in between, nothing is left."""
        began = asyncio.get_running_loop().time()
        known = self._deliveries.values()
        barred = {each.id for each in known if await self._is_suppressed(each.enrichment_id)}
        self._deliveries = {
            each.id: replace(each, url=None, unreadable=False) if each.id in barred else each
            for each in await self._webhooks.batch(self._name)
        }
        self._read_at = began
