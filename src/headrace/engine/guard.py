"""Per vendor and capability: how fast, how many at once, and whether at all."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import structlog
from msgspec import Struct

from headrace.domain.failures import Failure, Unsent, consequence
from headrace.engine.breakers import Breakers, Probes
from headrace.engine.slots import Slots
from headrace.ports import BreakerBoard, Clock, Rates
from headrace.providers.base import WHOLE_VENDOR

PATIENCE = 2.0
"""Seconds to wait for a place; a vendor that is busier than that is passed over."""

log = structlog.get_logger()


class Quota(Struct, frozen=True):
    """`calls` in any `seconds`; none is kept where that is 0. Capabilities that share a quota share its
    `key`."""

    key: str
    calls: int
    seconds: float


class Limits(Struct, frozen=True):
    """What a vendor allows for one capability."""

    concurrency: int
    quota: Quota | None = None


class _Gate(Struct, frozen=True):
    """`whole` and `own` name the breakers of the vendor and of this capability. `shared`: its quota is that
    of other capabilities as well."""

    vendor: str
    capability: str
    whole: str
    own: str
    slots: Slots
    quota: Quota | None
    shared: bool


class Pass(NamedTuple):
    """One call let through; `leave` or `abandon` takes it back, once."""

    gate: _Gate
    probes: Probes
    guard: "Guard"

    async def turn(self, seconds: float) -> None:
        """See `Guard.turn`."""
        await self.guard.turn(self, seconds)


class Guard:
    """Admits calls to vendors. One per process."""

    def __init__(
        self, limits: Mapping[tuple[str, str], Limits], clock: Clock, rates: Rates, board: BreakerBoard
    ) -> None:
        self._clock = clock
        self._rates = rates
        quotas = Counter(limit.quota.key for limit in limits.values() if limit.quota)
        self._gates = {
            (vendor, capability): _Gate(
                vendor,
                capability,
                f"{vendor}:{WHOLE_VENDOR}",
                f"{vendor}:{capability}",
                Slots(limit.concurrency),
                limit.quota if limit.quota and limit.quota.calls else None,
                limit.quota is not None and quotas[limit.quota.key] > 1,
            )
            for (vendor, capability), limit in limits.items()
        }
        names = dict.fromkeys(name for gate in self._gates.values() for name in (gate.whole, gate.own))
        self.breakers = Breakers(names, clock, board)

    async def enter(self, vendor: str, capability: str) -> Pass | str:
        """A pass when the call may go (then `leave` or `abandon` must follow), else why not."""
        gate = self._gates[vendor, capability]
        probes = await self.breakers.enter(gate.whole, gate.own)
        if isinstance(probes, Failure):
            return f"breaker_open: {probes}"
        try:
            refused = await self._take_place(gate)
        except BaseException:
            self.breakers.gave_up(probes)
            raise
        if refused is None and not probes and (pause := self._pause(gate)):
            gate.slots.give_back()  # while this call waited, another learnt that the vendor wants a pause
            refused = f"breaker_open: {pause}"
        if refused:
            self.breakers.gave_up(probes)
            return refused
        return Pass(gate, probes, self)

    async def turn(self, passed: Pass, seconds: float) -> None:
        """One more request of a call that was let through: the rate counts each, and not the calls. Raises
        `Unsent` where that would take longer than `seconds`."""
        quota = passed.gate.quota
        if quota and (refused := await self._take_turn(quota, self._clock.monotonic() + seconds)):
            raise Unsent(refused)

    def divides(self, vendor: str, capabilities: Iterable[str]) -> Failure | None:
        """Why a call for all of these cannot go while one for some of them can; `None` where they all can, or
        none, or the vendor wants to be asked less, whatever for."""
        paused = [self.breakers.shut_out(self._gates[vendor, each].own) for each in capabilities]
        reason = next(filter(None, paused), None)
        return reason if None in paused and Failure.RATE_LIMITED not in paused else None

    def leave(self, passed: Pass, failure: Failure | None, retry_after: float | None = None) -> None:
        """The call is over; `failure` is how it failed, if it did."""
        gate, probes = passed.gate, passed.probes
        gate.slots.give_back()
        if failure is None:
            self.breakers.succeeded(gate.own, probes)
            self.breakers.succeeded(gate.whole, probes)
            return
        effect = consequence(failure)
        opened = self.breakers.failed(gate.own, probes, failure, retry_after)
        if effect.whole_vendor or (failure is Failure.RATE_LIMITED and gate.shared):
            opened = self.breakers.failed(gate.whole, probes, failure, retry_after)
        else:
            self.breakers.gave_up(probes, gate.whole)
        if opened:
            speak = log.error if effect.loud else log.warning
            speak("provider_paused", provider=gate.vendor, capability=gate.capability, reason=failure.value)

    def abandon(self, passed: Pass) -> None:
        """The call was cut short by us, or never went out: it tells nothing about the vendor."""
        passed.gate.slots.give_back()
        self.breakers.gave_up(passed.probes)

    @property
    def paused(self) -> dict[str, dict[str, str]]:
        """Vendors that are not asked at the moment: vendor -> capability (or `*`) -> reason."""
        found: dict[str, dict[str, str]] = {}
        for gate in self._gates.values():
            for name, capability in ((gate.whole, WHOLE_VENDOR), (gate.own, gate.capability)):
                if reason := self.breakers.reason(name):
                    found.setdefault(gate.vendor, {})[capability] = reason
        return found

    async def _take_place(self, gate: _Gate) -> str | None:
        until = self._clock.monotonic() + PATIENCE
        if not gate.slots.take() and not await gate.slots.wait(PATIENCE):
            return "busy"
        try:  # the turn of the call's first request
            refused = await self._take_turn(gate.quota, until) if gate.quota else None
        except BaseException:
            gate.slots.give_back()
            raise
        if refused:
            gate.slots.give_back()
        return refused

    async def _take_turn(self, quota: Quota, until: float) -> str | None:
        while wait := (await self._rates.admit(quota.key, quota.calls, quota.seconds)).wait:
            if self._clock.monotonic() + wait > until:
                return "rate_limited_here"
            await asyncio.sleep(wait)
        return None

    def _pause(self, gate: _Gate) -> Failure | None:
        return self.breakers.reason(gate.whole) or self.breakers.reason(gate.own)
