"""A fleet's shared store."""

from headrace.engine.rates import LocalRates
from headrace.ports import Clock
from headrace.shared.breakers import ValkeyBoard
from headrace.shared.flights import ValkeyFlights
from headrace.shared.link import PATIENCE, Link
from headrace.shared.listener import Listener
from headrace.shared.rates import ValkeyRates
from headrace.shared.store import Shared


def connect(url: str, clock: Clock, patience: float = PATIENCE) -> Shared:
    """Share through the Valkey or Redis at `url`, which need not be there yet. Raises `ValueError`.

    `patience`: seconds to connect within and to answer within, before each process goes on by itself.
    """
    link = Link(url, patience)
    listener = Listener(link)
    board, flights = ValkeyBoard(link, listener), ValkeyFlights(link, listener)

    async def aclose() -> None:
        await listener.aclose()
        await board.aclose()
        await flights.aclose()
        await link.aclose()

    return Shared(ValkeyRates(link, LocalRates(clock)), board, flights, listener.start, aclose)
