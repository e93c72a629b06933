"""Single-flight through a store that is not trusted with personal data."""

from collections.abc import Awaitable, Callable

from headrace.ports import Flights
from headrace.storage.errors import Unusable
from headrace.storage.vault import Vault


class SealedFlights:
    """`ports.Flights` of which only keyed hashes and sealed results leave the process."""

    def __init__(self, flights: Flights[str, bytes], vault: Vault) -> None:
        self._flights = flights
        self._vault = vault

    async def once(
        self, key: str, work: Callable[[], Awaitable[bytes]], seconds: float
    ) -> tuple[bytes, bool]:
        own: bytes | None = None

        async def sealed() -> bytes:
            nonlocal own
            own = await work()
            return self._vault.seal(own)

        result, shared = await self._flights.once(self._vault.digest(key).hex(), sealed, seconds)
        if own is not None and not shared:
            return own, False
        try:
            return self._vault.open(result), True
        except Unusable:  # sealed with a key that this process does not have yet
            return await work(), False
