"""What processes share, whether there is one of them or a fleet."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from headrace.engine.breakers import LocalBoard
from headrace.engine.flights import LocalFlights
from headrace.engine.rates import LocalRates
from headrace.ports import BreakerBoard, Clock, Flights, Rates


@dataclass(frozen=True, slots=True)
class Shared:
    """`start` begins to listen, in the loop that serves; until then other processes' breakers go unheard."""

    rates: Rates
    breakers: BreakerBoard
    flights: Flights[str, bytes]
    start: Callable[[], None]
    aclose: Callable[[], Awaitable[None]]


def local(clock: Clock) -> Shared:
    """For a process that is alone: in memory."""

    async def nothing() -> None:
        return

    return Shared(LocalRates(clock), LocalBoard(), LocalFlights(), lambda: None, nothing)
