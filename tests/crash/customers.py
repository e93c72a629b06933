"""Clients that send each request again until it is answered, each under an `Idempotency-Key` of its own."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

import aiohttp

from tests.crash.server import PAUSE, asking_for, until

SET_ASIDE = 1.0
"""Seconds for which a request that failed is set aside; meanwhile its client sends another."""

BACK_OFF = 2.0
"""Seconds at most for which a client that was not served asks for nothing."""

GIVE_UP = 30.0
"""Seconds that a client waits for an answer."""


@dataclass(frozen=True, slots=True)
class Served:
    """An answer of 200: of which enrichment, whether it found something, and the times, in seconds, at which
    the request was sent and answered."""

    enrichment: str
    found: bool
    sent: float
    at: float


class At(Protocol):
    """Where they ask, which may change, and with which key."""

    @property
    def url(self) -> str: ...

    @property
    def key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Front:
    """A place that stays where it is."""

    url: str
    key: str


class Customers:
    """`answered` has what each key got in the end; `heard` counts everything that was heard on the way, by
    status and code, with a status of 0 where the server was not there or went away."""

    def __init__(self, at: At, everyone: Sequence[dict[str, Any]]) -> None:
        self._at = at
        self._headers = {"X-API-KEY": at.key}
        self._everyone = everyone
        self._numbers = count()
        self._again: deque[int] = deque()
        self._open: set[int] = set()
        self._closing = False
        self.answered: dict[int, Served] = {}
        self.heard: Counter[tuple[int, str]] = Counter()

    @asynccontextmanager
    async def busy(self, clients: int) -> AsyncIterator[None]:
        """So many clients ask for one person after the other. At the end of the block they ask for nobody
        new, and return once every request that was ever sent has been answered."""
        async with (
            aiohttp.ClientSession(
                trust_env=False,
                connector=aiohttp.TCPConnector(limit=clients),
                timeout=aiohttp.ClientTimeout(GIVE_UP),
            ) as session,
            asyncio.TaskGroup() as group,
        ):
            for _ in range(clients):
                group.create_task(self._work(session))
            yield
            self._closing = True

    @property
    def in_flight(self) -> int:
        """Requests that have been sent and not been answered."""
        return len(self._open)

    async def get(self, answers: int) -> None:
        """Return once they have got so many more."""
        enough = len(self.answered) + answers
        await until(lambda: len(self.answered) >= enough, tries=1200)

    async def served_after(self, moment: float) -> float:
        """Seconds from `moment` until somebody who asked since then was answered."""

        def since() -> list[float]:
            return [served.at for served in self.answered.values() if served.sent >= moment]

        await until(lambda: bool(since()), tries=1200)
        return min(since()) - moment

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while self._open or not self._closing:
            if self._again:
                await self._send(session, self._again.popleft())
            elif not self._closing:
                await self._send(session, next(self._numbers))
            else:
                await asyncio.sleep(PAUSE)

    async def _send(self, session: aiohttp.ClientSession, number: int) -> None:
        self._open.add(number)
        sent = time.monotonic()
        status, body = await self._ask(session, number)
        self.heard[status, str(body.get("code", ""))] += 1
        if status == 200:
            assert number not in self.answered
            found = body["email"] is not None
            self.answered[number] = Served(body["enrichment_id"], found, sent, time.monotonic())
            self._open.discard(number)
            return
        asyncio.get_running_loop().call_later(SET_ASIDE, self._again.append, number)
        await asyncio.sleep(random.uniform(0, BACK_OFF))

    async def _ask(self, session: aiohttp.ClientSession, number: int) -> tuple[int, dict[str, Any]]:
        person = self._everyone[number % len(self._everyone)]
        headers = {**self._headers, "Idempotency-Key": f"key {number}"}
        url = f"{self._at.url}/v2/contacts/single_enrich"
        try:
            async with session.post(url, json=asking_for(person, "email"), headers=headers) as response:
                return response.status, await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            return 0, {"code": type(error).__name__}
