"""So many connections in all, of which no vendor can keep the others from theirs."""

from time import monotonic

from headrace.domain.failures import Failure, Refused
from headrace.engine.slots import Slots
from headrace.ports import OutboundRequest, Response, Transport

_SHARE = 2 / 3
"""Of all connections, what one vendor may have at once: one that hangs leaves room for the rest."""


class Bulkhead:
    """`ports.Transport` in front of another. Calls wait out here for a connection: inside the client each of
    them would hold 11 kB."""

    def __init__(self, transport: Transport, connections: int) -> None:
        self._transport = transport
        self._all = Slots(connections)
        self._most = max(1, int(connections * _SHARE))
        self._own: dict[str, Slots] = {}

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        own = self._own.get(request.vendor) or self._own.setdefault(request.vendor, Slots(self._most))
        if not own.take():
            seconds = await _wait(own, seconds)
        try:
            if not self._all.take():
                seconds = await _wait(self._all, seconds)
            try:
                return await self._transport.send(request, seconds)
            finally:
                self._all.give_back()
        finally:
            own.give_back()

    async def aclose(self) -> None:
        await self._transport.aclose()


async def _wait(slots: Slots, seconds: float) -> float:
    """Wait for a place; returns what is left of the time."""
    until = monotonic() + seconds
    if not await slots.wait(seconds):
        raise Refused(Failure.TIMEOUT)
    return max(until - monotonic(), 0.001)
