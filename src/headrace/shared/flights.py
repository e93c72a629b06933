"""Single-flight over Valkey: of all processes, one works."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress

from headrace.engine.flights import LocalFlights
from headrace.shared.link import PREFIX, Away, Link, Script
from headrace.shared.listener import Listener

_LOCK = 2_500
"""Milliseconds after which the others take a process for dead that has not shown itself."""

_RENEWAL = 0.8
"""Seconds between its signs of life."""

_POLL = 0.5
"""Seconds after which those who wait look for themselves: messages can be lost, and the dead send none."""

_RESULT = 5_000
"""Milliseconds that a result stays for those who wait for it. Nobody else can find it."""

_LAST = 1.0
"""Seconds that a stopping process has to tell the others what came of its work."""

_BEGIN = Script("""
-- KEYS: lock. ARGV: token, milliseconds; channel and key, if others wait for news of who works now.
-- Says the token of the one who works, if there is one. In two steps: Redis does them in one from 7 on only.
local taken = redis.call('GET', KEYS[1])
if not taken then redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) end
if not taken and ARGV[3] then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return taken
""")

_RENEW = Script("""
-- KEYS: lock. ARGV: token, milliseconds. Taken again, should the store have lost it.
if (redis.call('GET', KEYS[1]) or ARGV[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
""")

_END = Script("""
-- KEYS: lock, result. ARGV: the worker's token, channel, key, milliseconds, the result if there is one.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[5] then redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[4]) end
redis.call('PUBLISH', ARGV[2], ARGV[3])
""")

Work = Callable[[], Awaitable[bytes]]
Landed = asyncio.Future[bytes | None]


class ValkeyFlights:
    """`ports.Flights` for a fleet: one of this process's callers asks the fleet for all of them.

    A lock with a short life says who works; the result is kept under that worker's token, so that only those
    who waited for it find it. While the store is away each process is on its own.
    """

    def __init__(self, link: Link, listener: Listener) -> None:
        self._link = link
        self._channel = link.channel("flights")
        self._local: LocalFlights[bytes] = LocalFlights()
        self._awaited: dict[str, asyncio.Event] = {}
        self._telling: set[asyncio.Task[None]] = set()
        listener.hear(self._channel, self._hear)

    def free(self, key: str) -> bool:  # noqa: ARG002 - only the store knows
        return False

    async def once(self, key: str, work: Work, seconds: float) -> tuple[bytes, bool]:
        followed = False

        async def across() -> bytes:
            nonlocal followed
            result, followed = await self._across(key, work, seconds)
            return result

        result, joined = await self._local.once(key, across, seconds)
        return result, joined or followed

    async def aclose(self) -> None:
        """Returns once everything is told."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=_LAST)
        for late in self._telling:
            late.cancel()

    async def _across(self, key: str, work: Work, seconds: float) -> tuple[bytes, bool]:
        token = secrets.token_hex(8)
        news: tuple[str, ...] = ()
        try:
            while leader := await self._begin(key, token, *news):
                if (result := await self._follow(key, leader)) is not None:
                    return result, True
                news = (self._channel, key)
        except Away:
            pass  # on its own for now
        return await self._lead(key, token, work, seconds), False

    async def _begin(self, key: str, token: str, *news: str) -> str | None:
        """`None` when this process is to work, else the token of the one that does."""
        try:
            taken = await self._link.run(_BEGIN, [_lock(key)], [token, _LOCK, *news])
        except asyncio.CancelledError:
            self._tell(key, token, 0).set_result(None)  # the store may have heard
            raise
        return taken.decode() if taken else None

    async def _follow(self, key: str, leader: str) -> bytes | None:
        """The leader's result; `None` when it is gone without one."""
        news = self._awaited[key] = asyncio.Event()
        try:
            while True:
                news.clear()
                holder, result = await self._link.call("MGET", _lock(key), _result(leader))
                if result is not None or holder != leader.encode():
                    found: bytes | None = result
                    return found
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL):
                        await news.wait()
        finally:
            self._awaited.pop(key, None)

    async def _lead(self, key: str, token: str, work: Work, seconds: float) -> bytes:
        landed, result = self._tell(key, token, seconds), None
        try:
            result = await work()
        finally:
            landed.set_result(result)
        return result

    def _tell(self, key: str, token: str, seconds: float) -> Landed:
        """Keep the others informed until this is set, without making the caller wait for them."""
        landed: Landed = asyncio.get_running_loop().create_future()
        telling = asyncio.create_task(self._show(key, token, seconds, landed))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)
        return landed

    async def _show(self, key: str, token: str, seconds: float, landed: Landed) -> None:
        """Show that the work goes on, though not for longer than `seconds`; then what came of it."""
        until = landed.get_loop().time() + seconds
        while not landed.done() and (left := until - landed.get_loop().time()) > 0:
            await asyncio.wait([landed], timeout=min(_RENEWAL, left))
            if not landed.done():
                with suppress(Away):
                    await self._link.run(_RENEW, [_lock(key)], [token, _LOCK])
        result = await landed
        told = [token, self._channel, key, _RESULT, *([] if result is None else [result])]
        with suppress(Away):  # those who wait have noticed too
            await self._link.run(_END, [_lock(key), _result(token)], told)

    def _hear(self, key: bytes) -> None:
        if news := self._awaited.get(key.decode()):
            news.set()


def _lock(key: str) -> str:
    return f"{PREFIX}flight:{key}"


def _result(token: str) -> str:
    return f"{PREFIX}result:{token}"
