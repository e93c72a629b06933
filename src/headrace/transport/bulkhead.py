"""So many connections in all, of which no vendor can keep the others from theirs."""

from time import monotonic

from msgspec.structs import replace

from headrace.domain.failures import Refused, Unsent
from headrace.engine.slots import Slots
from headrace.ports import OutboundRequest, Response, Transport

_SHARE = 2 / 3
"""Of all connections, what one vendor may have at once: one that hangs leaves room for the rest."""

NO_CONNECTION = "no_connection_here"
"""Why a request did not go out."""


class Bulkhead:
    """`ports.Transport` in front of another. Calls wait out here for a connection: inside the client each of
    them would hold 11 kB, and the wait would be taken for the vendor's. A call waits as long as the vendor
    would be given: where all are busy, to pass over one vendor would only be to stand in line for the next.
    """

    def __init__(self, transport: Transport, connections: int) -> None:
        self._transport = transport
        self._all = Slots(connections)
        self._most = max(1, int(connections * _SHARE))
        self._own: dict[str, Slots] = {}

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        own = self._own.get(request.vendor) or self._own.setdefault(request.vendor, Slots(self._most))
        waited = 0.0 if own.take() else await _wait(own, seconds)
        try:
            if not self._all.take():
                waited += await _wait(self._all, seconds - waited)
            try:
                response = await self._transport.send(request, seconds)
            finally:
                self._all.give_back()
        except Refused as refused:
            refused.waited = waited
            raise
        finally:
            own.give_back()
        return replace(response, waited=waited) if waited else response

    async def aclose(self) -> None:
        await self._transport.aclose()


async def _wait(slots: Slots, seconds: float) -> float:
    """Wait for a place; returns for how long."""
    since = monotonic()
    if not await slots.wait(seconds):
        raise Unsent(NO_CONNECTION)
    return monotonic() - since
