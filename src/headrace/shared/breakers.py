"""Breakers shared over Valkey: what one process learns of a vendor, all know."""

import asyncio
import secrets
from collections import deque
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec

from headrace.domain.failures import Failure, consequence
from headrace.ports import Pause, Paused
from headrace.shared.link import PREFIX, Away, Link, Script
from headrace.shared.listener import Listener

T = TypeVar("T")

_KEPT = 3_600_000
"""Milliseconds that an end is remembered, and an open breaker after its pause: for those who come late."""

_PROBE = 60_000
"""Milliseconds after which a probe is given up for lost, with the process that sent it."""

_LOUD = msgspec.json.encode({each.value: True for each in Failure if consequence(each).loud})

_TELL = Script("""
-- KEYS: state, probe. ARGV: state ('' is closed), its milliseconds, own probe's token, channel, message, the
-- loud reasons. As in each process, what is no probe's adds to what is known: see `Breaker.adopt`.
local function opened(state)
  local is_open, pause = pcall(cjson.decode, state or '')
  return is_open and pause
end
local state, lives = ARGV[1], tonumber(ARGV[2])
local told, known = opened(state), opened(redis.call('GET', KEYS[1]))
if told and known and not told.probed then
  local left, loud = redis.call('PTTL', KEYS[1]), cjson.decode(ARGV[6])
  local as_loud = loud[known.reason] == loud[told.reason]
  if loud[known.reason] and not as_loud or as_loud and left > lives then told.reason = known.reason end
  told.length = math.max(told.length, known.length)
  state, lives = cjson.encode(told), math.max(lives, left)
end
redis.call('SET', KEYS[1], state, 'PX', lives)
if redis.call('GET', KEYS[2]) == ARGV[3] then redis.call('DEL', KEYS[2]) end
redis.call('PUBLISH', ARGV[4], ARGV[5])
""")

_MAY_PROBE = Script("""
-- KEYS: state, probe. ARGV: own token, the milliseconds it holds, how long states are kept.
-- Says what it does not know yet to one who is behind; else 1 to the first, 0 to the others.
local state = redis.call('GET', KEYS[1])
local left = redis.call('PTTL', KEYS[1]) - ARGV[3]
if state == '' or state and left > 0 then return {state, left} end
return redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
""")

_GIVE_UP = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end")

_READ = Script("""
local found = {}
for i, key in ipairs(KEYS) do found[i] = {redis.call('GET', key), redis.call('PTTL', key) - ARGV[1]} end
return found
""")


class _Message(msgspec.Struct, frozen=True):
    sender: str
    name: str
    pause: Pause | None


class ValkeyBoard:
    """`ports.BreakerBoard` for a fleet.

    An open breaker's state lives as long as its pause and `_KEPT` more, so that its time to live tells what
    is left of the pause, on the store's clock. While the store is away each process is on its own.
    """

    def __init__(self, link: Link, listener: Listener) -> None:
        self._link = link
        self._channel = link.channel("breakers")
        self._id = secrets.token_hex(8)
        self._breakers: Paused | None = None
        self._probes: dict[str, str] = {}  # name -> the token that this process probes with
        self._outbox: deque[Coroutine[Any, Any, None]] = deque()
        self._sending: asyncio.Task[None] | None = None
        listener.hear(self._channel, self._hear)
        listener.when_joined(lambda: self._later(self._catch_up()))
        link.when_back(lambda: self._later(self._catch_up()))

    def join(self, breakers: Paused) -> None:
        self._breakers = breakers

    def opened(self, name: str, pause: Pause) -> None:
        token = self._probes.pop(name, "") if pause.probed else ""  # another call's end leaves the probe out
        self._later(self._tell(name, pause, token))

    def closed(self, name: str) -> None:
        self._later(self._tell(name, None, self._probes.pop(name, "")))

    def gave_up(self, name: str) -> None:
        if token := self._probes.pop(name, ""):
            self._later(self._link.run(_GIVE_UP, [_probe(name)], [token]))

    async def may_probe(self, name: str) -> bool:
        token = self._probes[name] = secrets.token_hex(8)
        try:
            told = await self._link.run(_MAY_PROBE, [_state(name), _probe(name)], [token, _PROBE, _KEPT])
        except Away:
            return True
        if told == 1:
            return True
        del self._probes[name]
        if told and self._breakers:
            self._breakers.hear(name, _pause(*told))
        return False

    async def aclose(self) -> None:
        """Returns once everything is told."""
        if self._sending:
            await self._sending

    async def _tell(self, name: str, pause: Pause | None, token: str) -> None:
        state = msgspec.json.encode(pause) if pause else b""
        lives = _KEPT + round(pause.seconds * 1000) if pause else _KEPT
        message = msgspec.json.encode(_Message(self._id, name, pause))
        arguments = [state, lives, token, self._channel, message, _LOUD]
        await self._link.run(_TELL, [_state(name), _probe(name)], arguments)

    async def _catch_up(self) -> None:
        """Learn what was missed, and tell what the store does not know."""
        if not self._breakers:
            return
        names, mine = self._breakers.names, self._breakers.pauses()
        found = await self._link.run(_READ, [_state(name) for name in names], [_KEPT])
        for name, (state, left) in zip(names, found, strict=True):
            if state is not None:
                self._breakers.hear(name, _pause(state, left))
            elif name in mine:
                await self._tell(name, mine[name], "")

    def _hear(self, raw: bytes) -> None:
        message = _decoded(raw, _Message)
        if self._breakers and message and message.sender != self._id:
            self._breakers.hear(message.name, message.pause)

    def _later(self, telling: Coroutine[Any, Any, None]) -> None:
        """In the order of these calls, without anybody waiting."""
        self._outbox.append(telling)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._outbox:
                try:
                    await self._outbox.popleft()
                except Away:
                    continue  # told when the store is back
        finally:
            self._sending = None


def _state(name: str) -> str:
    return f"{PREFIX}breaker:{name}"


def _probe(name: str) -> str:
    return f"{PREFIX}probe:{name}"


def _pause(state: bytes, milliseconds: int) -> Pause | None:
    """What the store knows, whoever found it: this process may know of more that is not told yet."""
    pause = _decoded(state, Pause)
    return pause and Pause(pause.reason, max(0, milliseconds) / 1000, pause.length)


def _decoded(raw: bytes, kind: type[T]) -> T | None:
    """`None` for what is no such thing: empty, or written by another version."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError:
        return None
