"""The way to Valkey, and what to do while it is away: nothing that makes a caller wait."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import redis.exceptions
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

PATIENCE = 0.25
"""Seconds to connect within, and to answer within."""

PREFIX = "headrace:"
"""Of every key, and of every channel with the number of the database."""

_AGAIN = 0.5
"""Seconds between attempts to come back."""

_TRIAL = ("SET", f"{PREFIX}back", 1, "PX", 1000)
"""Writes, because a store that is full or read-only still answers a ping."""

_AT_ONCE = 16
"""Most commands on the way, each on a connection of its own."""

LOST = (RedisError, OSError, TimeoutError)
"""What a command raises when the store is away, starting, full or read-only."""

_MOST_SAID = 200
"""Characters of a refusal that are logged; and refusals, one of a kind."""

LATE = (TimeoutError, redis.exceptions.TimeoutError)
"""Those of them that may be said of a store that is there."""

log = structlog.get_logger()


class Away(Exception):
    """The store cannot be used now; do without it."""


class Script:
    """A Lua script: one atomic round trip."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class Link:
    """Connections to one store. The first failure turns to `Away` at once, for everybody, without another
    attempt; a task of its own finds out when the store is back. That a reply is late may be this process's
    doing, which had no time to read it: then only that call is without an answer. So it is with a command
    that a store refuses which takes others."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._client: Redis = Redis.from_url(
            url,
            socket_connect_timeout=patience,
            socket_timeout=patience,
            retry=Retry(NoBackoff(), 0),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        self._patience = patience
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._returning: asyncio.Task[None] | None = None
        self._back: list[Callable[[], None]] = []
        self._refusals: set[str] = set()

    def channel(self, name: str) -> str:
        """What to publish and to listen on. The store keeps each database's keys apart, but not what is told:
        two fleets with different numbers must not hear each other."""
        number = self._client.connection_pool.connection_kwargs.get("db") or 0
        return f"{PREFIX}{number}:{name}"

    @property
    def away(self) -> bool:
        return self._returning is not None

    async def run(self, script: Script, keys: Sequence[str], arguments: Iterable[object] = ()) -> Any:
        """What the script returns. Raises `Away`."""
        try:
            return await self.call("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:  # the store is new, or was restarted
            return await self.call("EVAL", script.source, len(keys), *keys, *arguments)

    async def call(self, *command: Any) -> Any:
        """The reply to one command. Raises `Away`."""
        async with self._places:
            if self.away:
                raise Away
            try:
                return await self._send(*command)
            except NoScriptError:
                raise
            except LATE as error:
                if not await self._takes("PING"):
                    self._lost(error)
                raise Away from error
            except ResponseError as error:
                if await self._takes(*_TRIAL):
                    self.refused(error)
                else:
                    self._lost(error)
                raise Away from error
            except LOST as error:
                self._lost(error)
                raise Away from error

    def refused(self, error: ResponseError) -> None:
        """Say, once of each kind, what the store does not do: it is too old, or this user of it may not."""
        said = str(error)[:_MOST_SAID]
        if said not in self._refusals and len(self._refusals) < _MOST_SAID:
            self._refusals.add(said)
            log.error("shared_store_refused", error=type(error).__name__, said=said)

    def when_back(self, call: Callable[[], None]) -> None:
        """Call this each time that the store can be used again."""
        self._back.append(call)

    def subscription(self) -> PubSub:
        """A connection to listen on. Its methods raise one of `LOST`."""
        return self._client.pubsub()

    async def aclose(self) -> None:
        if self._returning:
            self._returning.cancel()
        await self._client.aclose()

    async def _send(self, *command: Any) -> Any:
        async with asyncio.timeout(2 * self._patience):  # to connect, to say hello, to be answered
            return await self._client.execute_command(*command)  # type: ignore[no-untyped-call]

    async def _takes(self, *command: Any) -> bool:
        try:
            await self._send(*command)
        except LOST:
            return False
        return True

    def _lost(self, error: Exception) -> None:
        if not self._returning:
            log.warning("shared_store_unavailable", reason=type(error).__name__)
            self._returning = asyncio.create_task(self._return())

    async def _return(self) -> None:
        while True:
            await asyncio.sleep(_AGAIN)
            if not await self._takes(*_TRIAL):
                continue
            self._returning = None
            log.info("shared_store_back")
            for call in self._back:
                call()
            return
