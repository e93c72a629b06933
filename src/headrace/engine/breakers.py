"""The breakers of one process, and what it hears of the others'."""

from collections.abc import Iterable, Mapping, Sequence

from headrace.domain.failures import Failure, consequence
from headrace.engine.breaker import CALM, Breaker
from headrace.ports import BreakerBoard, Clock, Pause, Paused

Probes = Mapping[str, int]
"""Of which breakers a call is the probe: name -> ticket."""

_NONE: Probes = {}


class LocalBoard:
    """`ports.BreakerBoard` of a process that is alone."""

    def join(self, breakers: Paused) -> None:
        pass

    def opened(self, name: str, pause: Pause) -> None:
        pass

    def closed(self, name: str) -> None:
        pass

    async def may_probe(self, _name: str) -> bool:
        return True

    def gave_up(self, name: str) -> None:
        pass


class Breakers:
    """By name. The board is asked only after a pause, and told only when one begins or ends."""

    def __init__(self, names: Iterable[str], clock: Clock, board: BreakerBoard) -> None:
        self._breakers = {name: Breaker() for name in names}
        self._clock = clock
        self._board = board
        board.join(self)

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._breakers)

    def reason(self, name: str) -> Failure | None:
        """Why it is open, if it is."""
        return self._breakers[name].reason

    def shut_out(self, name: str) -> Failure | None:
        """Why no call may go, not even a probe; `None` where one may."""
        breaker = self._breakers[name]
        return breaker.reason if breaker.reason and breaker.shuts_out(self._clock.monotonic()) else None

    def pauses(self) -> dict[str, Pause]:
        now = self._clock.monotonic()
        found = {name: breaker.pause(now) for name, breaker in self._breakers.items()}
        return {name: pause for name, pause in found.items() if pause}

    def hear(self, name: str, pause: Pause | None) -> None:
        breaker = self._breakers.get(name)
        if breaker and pause:
            breaker.adopt(self._clock.monotonic(), pause)
        elif breaker:
            breaker.close()

    async def enter(self, *names: str) -> Probes | Failure:
        """Whether a call may go past all of these; else why one of them is open."""
        for name in names:
            if self._breakers[name].reason:
                return await self._past(names)
        return _NONE

    def succeeded(self, name: str, probes: Probes) -> None:
        ticket = probes.get(name, CALM)
        if self._breakers[name].succeeded(ticket):
            self._board.closed(name)
        elif ticket:
            self._board.gave_up(name)

    def failed(self, name: str, probes: Probes, failure: Failure, retry_after: float | None) -> bool:
        """Count a failure; true when it opened the breaker, or an operator must act now who needed not."""
        breaker, ticket = self._breakers[name], probes.get(name, CALM)
        before = breaker.reason
        pause = breaker.failed(ticket, self._clock.monotonic(), failure, retry_after)
        if pause:
            self._board.opened(name, pause)
        elif ticket:
            self._board.gave_up(name)
        if pause is None or breaker.reason is None:
            return False
        return before is None or consequence(breaker.reason).loud > consequence(before).loud

    def gave_up(self, probes: Probes, name: str | None = None) -> None:
        """The probe of these breakers, or of the one named, told nothing."""
        for each, ticket in probes.items():
            if name in (None, each):
                self._breakers[each].gave_up(ticket)
                self._board.gave_up(each)

    async def _past(self, names: Iterable[str]) -> Probes | Failure:
        now = self._clock.monotonic()
        for name in names:  # before the board is asked for any of them
            if (reason := self._breakers[name].reason) and self._breakers[name].shuts_out(now):
                return reason
        probes: dict[str, int] = {}
        try:
            for name in names:
                ticket = await self._enter(name)
                if isinstance(ticket, Failure):
                    self.gave_up(probes)
                    return ticket
                if ticket:
                    probes[name] = ticket
        except BaseException:
            self.gave_up(probes)
            raise
        return probes

    async def _enter(self, name: str) -> int | Failure:
        breaker = self._breakers[name]
        while breaker.reason:
            ticket = breaker.enter(self._clock.monotonic())
            if ticket is None:
                return breaker.reason
            try:
                if await self._board.may_probe(name):
                    return ticket
            except BaseException:
                self.gave_up({name: ticket})
                raise
            breaker.gave_up(ticket)  # another has the probe; or had it, and then what came of it was heard
            if breaker.reason:
                return breaker.reason
        return CALM
