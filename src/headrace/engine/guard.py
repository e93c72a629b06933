"""Per vendor and capability: how fast, how many at once, and whether at all."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from headrace.domain.failures import Failure, consequence
from headrace.engine.breaker import Breaker
from headrace.engine.window import Window
from headrace.ports import Clock

PATIENCE = 2.0
"""Seconds to wait for a place; a vendor that is busier than that is passed over."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor allows for one capability. Capabilities that share a rate share the `window`."""

    concurrency: int
    window: Window | None = None


@dataclass(slots=True)
class _Gate:
    slots: asyncio.Semaphore
    window: Window | None
    breaker: Breaker = field(default_factory=Breaker)


class Guard:
    """Admits calls to vendors. One per process."""

    def __init__(self, limits: Mapping[tuple[str, str], Limits], clock: Clock) -> None:
        self._clock = clock
        self._vendors = {vendor: Breaker() for vendor, _ in limits}
        self._gates = {
            key: _Gate(asyncio.Semaphore(limit.concurrency), limit.window) for key, limit in limits.items()
        }

    async def enter(self, vendor: str, capability: str) -> str | None:
        """`None` when the call may go (then `leave` must follow), else why not."""
        gate = self._gates[vendor, capability]
        now = self._clock.monotonic()
        if not self._vendors[vendor].admits(now):
            return f"breaker_open: {self._vendors[vendor].reason}"
        if not gate.breaker.admits(now):
            self._vendors[vendor].gave_up()
            return f"breaker_open: {gate.breaker.reason}"
        probing = self._pause(vendor, gate) is not None
        try:
            refused = await self._take_place(gate)
        except BaseException:
            if probing:
                self._forget(vendor, gate)
            raise
        if refused is None and not probing and (pause := self._pause(vendor, gate)):
            gate.slots.release()  # while this call waited, another learnt that the vendor must be left alone
            refused = f"breaker_open: {pause}"
        if refused and probing:
            self._forget(vendor, gate)
        return refused

    def leave(
        self, vendor: str, capability: str, failure: Failure | None, retry_after: float | None = None
    ) -> None:
        """The call is over; `failure` is how it failed, if it did."""
        gate = self._gates[vendor, capability]
        gate.slots.release()
        if failure is None:
            gate.breaker.succeeded()
            self._vendors[vendor].succeeded()
            return
        effect = consequence(failure)
        now = self._clock.monotonic()
        opened = gate.breaker.failed(now, failure, retry_after)
        if effect.whole_vendor:
            opened = self._vendors[vendor].failed(now, failure, retry_after)
        else:
            self._vendors[vendor].gave_up()
        if opened:
            speak = log.error if effect.loud else log.warning
            speak("provider_paused", provider=vendor, capability=capability, reason=failure.value)

    def abandon(self, vendor: str, capability: str) -> None:
        """The call was cut short by us: it tells nothing about the vendor."""
        gate = self._gates[vendor, capability]
        gate.slots.release()
        self._forget(vendor, gate)

    @property
    def paused(self) -> dict[str, dict[str, str]]:
        """Vendors that are not asked at the moment: vendor -> capability (or `*`) -> reason."""
        found: dict[str, dict[str, str]] = {}
        for vendor, breaker in self._vendors.items():
            if breaker.reason:
                found.setdefault(vendor, {})["*"] = breaker.reason
        for (vendor, capability), gate in self._gates.items():
            if gate.breaker.reason:
                found.setdefault(vendor, {})[capability] = gate.breaker.reason
        return found

    async def _take_place(self, gate: _Gate) -> str | None:
        until = self._clock.monotonic() + PATIENCE
        if gate.slots.locked():
            try:
                async with asyncio.timeout(PATIENCE):
                    await gate.slots.acquire()
            except TimeoutError:
                return "busy"
        else:
            await gate.slots.acquire()
        while gate.window and (wait := gate.window.admit(now := self._clock.monotonic())):
            if now + wait > until:
                gate.slots.release()
                return "rate_limited_here"
            try:
                await asyncio.sleep(wait)
            except BaseException:
                gate.slots.release()
                raise
        return None

    def _pause(self, vendor: str, gate: _Gate) -> Failure | None:
        return self._vendors[vendor].reason or gate.breaker.reason

    def _forget(self, vendor: str, gate: _Gate) -> None:
        gate.breaker.gave_up()
        self._vendors[vendor].gave_up()
