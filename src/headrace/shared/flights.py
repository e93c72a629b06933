"""Single-flight over Valkey: of all processes, one works."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from headrace.engine.flights import LocalFlights
from headrace.shared.link import PREFIX, Away, Link, Script
from headrace.shared.listener import Listener

_CHANNEL = "flights"

_LOCK = 2.5
"""Seconds after which the others take a process for dead that has not shown itself."""

_RENEWAL = 0.8
"""Seconds between its signs of life."""

_POLL = 0.5
"""Seconds after which those who wait look for themselves: messages can be lost, and the dead send none."""

_RESULT = 5_000
"""Milliseconds that a result stays for those who wait for it. Nobody else can find it."""

_END = Script("""
-- KEYS: lock, result. ARGV: the worker's token, channel, key, milliseconds, the result if there is one.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
if ARGV[5] then redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[4]) end
redis.call('PUBLISH', ARGV[2], ARGV[3])
""")

_RENEW = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end")

Work = Callable[[], Awaitable[bytes]]


class ValkeyFlights:
    """`ports.Flights` for a fleet: one of this process's callers asks the fleet for all of them.

    A lock with a short life says who works; the result is kept under that worker's token, so that only those
    who waited for it find it. While the store is away each process is on its own.
    """

    def __init__(self, link: Link, listener: Listener) -> None:
        self._link = link
        self._local = LocalFlights()
        self._landed: dict[str, asyncio.Event] = {}
        self._endings: set[asyncio.Task[None]] = set()
        listener.hear(_CHANNEL, self._hear)

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
        if self._endings:
            await asyncio.wait(self._endings)

    async def _across(self, key: str, work: Work, seconds: float) -> tuple[bytes, bool]:
        token = secrets.token_hex(8)
        try:
            while leader := await self._begin(key, token):
                if (landed := await self._follow(key, leader)) is not None:
                    return landed, True
        except Away:
            pass  # on its own for now
        return await self._lead(key, token, work, seconds), False

    async def _begin(self, key: str, token: str) -> str | None:
        """`None` when this process is to work, else the token of the one that does."""
        try:
            taken = await self._link.call("SET", _lock(key), token, "NX", "GET", "PX", round(_LOCK * 1000))
        except asyncio.CancelledError:
            self._end(key, token, None)  # it may have been heard
            raise
        return taken.decode() if taken else None

    async def _follow(self, key: str, leader: str) -> bytes | None:
        """The leader's result; `None` when it is gone without one."""
        landed = self._landed.setdefault(key, asyncio.Event())
        try:
            while True:
                landed.clear()
                holder, result = await self._link.call("MGET", _lock(key), _result(leader))
                if result is not None or holder != leader.encode():
                    found: bytes | None = result
                    return found
                try:
                    async with asyncio.timeout(_POLL):
                        await landed.wait()
                except TimeoutError:
                    pass
        finally:
            self._landed.pop(key, None)

    async def _lead(self, key: str, token: str, work: Work, seconds: float) -> bytes:
        renewing = asyncio.create_task(self._renew(key, token, seconds))
        result = None
        try:
            result = await work()
        finally:
            renewing.cancel()
            self._end(key, token, result)
        return result

    async def _renew(self, key: str, token: str, seconds: float) -> None:
        """Show that the work goes on, but not for ever."""
        until = asyncio.get_running_loop().time() + seconds
        while (left := until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(_RENEWAL, left))
            try:
                await self._link.run(_RENEW, [_lock(key)], [token, round(_LOCK * 1000)])
            except Away:
                continue

    def _end(self, key: str, token: str, result: bytes | None) -> None:
        """Tell those who wait, while the caller goes on."""
        ending = asyncio.create_task(self._tell(key, token, result))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def _tell(self, key: str, token: str, result: bytes | None) -> None:
        arguments = [token, f"{PREFIX}{_CHANNEL}", key, _RESULT]
        try:
            await self._link.run(
                _END, [_lock(key), _result(token)], arguments if result is None else [*arguments, result]
            )
        except Away:
            return  # those who wait have noticed too

    def _hear(self, key: bytes) -> None:
        if landed := self._landed.get(key.decode()):
            landed.set()


def _lock(key: str) -> str:
    return f"{PREFIX}flight:{key}"


def _result(token: str) -> str:
    return f"{PREFIX}result:{token}"
