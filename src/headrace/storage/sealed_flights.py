"""Single-flight through a store that is not trusted with personal data."""

from collections.abc import Awaitable, Callable

from headrace.domain.errors import Problem
from headrace.engine import lasting
from headrace.engine.asked import Key, spelling_of
from headrace.engine.converse import Reply
from headrace.ports import Flights
from headrace.storage.vault import Vault


class SealedFlights:
    """`ports.Flights` of questions and replies, of which only keyed hashes and sealed bytes leave the
    process."""

    def __init__(self, flights: Flights[str, bytes], vault: Vault) -> None:
        self._flights = flights
        self._vault = vault

    def free(self, key: Key) -> bool:  # noqa: ARG002 - only the store knows
        return False

    async def once(
        self, key: Key, work: Callable[[], Awaitable[Reply]], seconds: float
    ) -> tuple[Reply, bool]:
        own: Reply | None = None

        async def sealed() -> bytes:
            nonlocal own
            own = await work()
            try:
                return self._vault.seal(lasting.encode(own))
            except Problem:
                return b""  # which opens for nobody, so that the others ask for themselves

        name = self._vault.digest(spelling_of(key)).hex()
        landed, shared = await self._flights.once(name, sealed, seconds)
        if own is not None and not shared:
            return own, False
        if reply := self._vault.read(landed, lasting.decode):
            return reply, True
        return await work(), False  # a key that this process does not have yet, or another version
