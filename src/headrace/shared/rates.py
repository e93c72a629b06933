"""Rates counted in Valkey: one log for the whole fleet."""

import asyncio
import time
from contextlib import suppress
from typing import NamedTuple

from headrace.engine.rates import LocalRates
from headrace.ports import Admission
from headrace.shared.link import PREFIX, Away, Link, Script

_TOGETHER = 100
"""Most questions in one round trip, so that the store is never held up for long."""

_TRIES = 2
"""Of one question, while the store is there. What came late may have been counted; then it counts twice: one
fewer is admitted, and never one more."""

_MOST_FULL = 1_000
"""Logs known to be full. All are forgotten when there are more: it only means asking again."""

_MICRO = 1_000_000

_ADMIT = Script("""
-- For each log: admit one more, or not. KEYS: logs; ARGV: calls and microseconds, twice as many.
-- A log is a sorted set of the times of those admitted, in microseconds on this machine's clock.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local told = {}
for i, log in ipairs(KEYS) do
  local calls, span = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local newest = tonumber(redis.call('ZRANGE', log, -1, -1)[1])
  if newest and newest > now + 1000 then
    -- The clock was set back. As if the newest were of now: the window stays whole and nobody waits longer.
    for _, at in ipairs(redis.call('ZRANGE', log, 0, -1)) do
      redis.call('ZREM', log, at)
      local moved = string.format('%.0f', at - (newest - now))
      redis.call('ZADD', log, moved, moved)
    end
    newest = now
  end
  redis.call('ZREMRANGEBYSCORE', log, '-inf', string.format('%.0f', now - span))
  local used = redis.call('ZCARD', log)
  local wait = 0
  if used < calls then
    newest = math.max(now, (newest or 0) + 1)  -- two in one microsecond are two
    local at = string.format('%.0f', newest)
    redis.call('ZADD', log, at, at)
    redis.call('PEXPIRE', log, math.ceil(span / 1000))
    used = used + 1
  else
    local leaves = redis.call('ZRANGE', log, -calls, -calls)[1]
    wait = math.max(1, leaves + span - now)
  end
  told[#told + 1] = {wait, calls - used, newest + span - now}
end
return told
""")


_LOOK = Script("""
-- Where one log stands. KEYS: the log; ARGV: calls and microseconds.
local time = redis.call('TIME')
local now, span = time[1] * 1000000 + time[2], tonumber(ARGV[2])
local used = redis.call('ZCOUNT', KEYS[1], string.format('(%.0f', now - span), '+inf')
local newest = tonumber(redis.call('ZRANGE', KEYS[1], -1, -1)[1] or now - span)
return {0, ARGV[1] - used, math.max(0, newest + span - now)}
""")


class _Question(NamedTuple):
    key: str
    calls: int
    micros: int
    answer: asyncio.Future[Admission | None]


class _Full(NamedTuple):
    """What was said of a log that is full, as of a time at which it was so already."""

    admission: Admission
    at: float


class ValkeyRates:
    """`ports.Rates` for a fleet. Those who ask while an answer is on its way are asked for together next. A
    log that is full stays so until its oldest entry leaves: until then nobody needs to ask."""

    def __init__(self, link: Link, local: LocalRates) -> None:
        self._link = link
        self._local = local
        self._waiting: list[_Question] = []
        self._asking: asyncio.Task[None] | None = None
        self._full: dict[str, _Full] = {}

    async def admit(self, key: str, calls: int, seconds: float) -> Admission:
        if self._link.away:
            return await self._local.admit(key, calls, seconds)
        if refused := self._still_full(key):
            return refused
        answer: asyncio.Future[Admission | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Question(key, calls, round(seconds * _MICRO), answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        admission = await answer
        if admission and admission.wait:
            return admission
        # Always: so much it would know, were the store to go now.
        alone = await self._local.admit(key, calls, seconds)
        return admission or alone

    async def look(self, key: str, calls: int, seconds: float) -> Admission:
        if not self._link.away:
            with suppress(Away):
                told = await self._link.run(_LOOK, [f"{PREFIX}rate:{key}"], [calls, round(seconds * _MICRO)])
                return _admission(*told)
        return await self._local.look(key, calls, seconds)

    async def _ask(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                await self._put(asked)
        finally:
            self._asking = None

    async def _put(self, asked: list[_Question]) -> None:
        at = time.monotonic()
        for question, admission in zip(asked, await self._told(asked), strict=True):
            if admission and admission.wait:
                self._note(question.key, _Full(admission, at))
            if not question.answer.done():  # else who asked has gone
                question.answer.set_result(admission)

    async def _told(self, asked: list[_Question]) -> list[Admission | None]:
        keys = [f"{PREFIX}rate:{question.key}" for question in asked]
        numbers = [number for question in asked for number in (question.calls, question.micros)]
        for _ in range(_TRIES):
            with suppress(Away):
                return [_admission(*each) for each in await self._link.run(_ADMIT, keys, numbers)]
        return [None] * len(asked)

    def _note(self, key: str, full: _Full) -> None:
        if len(self._full) >= _MOST_FULL:
            self._full.clear()
        self._full[key] = full

    def _still_full(self, key: str) -> Admission | None:
        full = self._full.get(key)
        if full is None:
            return None
        told, passed = full.admission, time.monotonic() - full.at
        if passed >= told.wait:
            del self._full[key]
            return None
        return Admission(told.wait - passed, 0, told.reset_after - passed)


def _admission(wait: int, remaining: int, reset: int) -> Admission:
    return Admission(wait / _MICRO, max(0, remaining), reset / _MICRO)
