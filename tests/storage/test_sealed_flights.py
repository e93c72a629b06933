"""Results of single-flight that travel through a store."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from headrace.engine.flights import LocalFlights
from headrace.storage.sealed_flights import SealedFlights
from headrace.storage.vault import ConfiguredKeys, Vault

ANSWER = b"\x95jane@acme.example"
KEY, OTHER = "A" * 43 + "=", "B" * 43 + "="


class Store(LocalFlights[bytes]):
    """A store that shows what passes through it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[bytes] = []

    async def once(
        self, key: Hashable, work: Callable[[], Awaitable[bytes]], seconds: float
    ) -> tuple[bytes, bool]:
        result, shared = await super().once(key, work, seconds)
        self.seen.append(result)
        return result, shared


class Work:
    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> bytes:
        self.times += 1
        await asyncio.sleep(0)
        return ANSWER


def _flights(store: Store, *keys: str) -> SealedFlights:
    return SealedFlights(store, Vault(b"p" * 16, ConfiguredKeys(keys)))


async def _ask(*flights: SealedFlights) -> tuple[list[tuple[bytes, bool]], int]:
    work = Work()
    return list(await asyncio.gather(*(each.once("key", work, 60) for each in flights))), work.times


async def test_the_store_sees_nothing_and_everybody_else_the_answer() -> None:
    store = Store()
    answers, times = await _ask(_flights(store, KEY), _flights(store, KEY), _flights(store, OTHER, KEY))
    assert answers == [(ANSWER, False), (ANSWER, True), (ANSWER, True)]
    assert times == 1
    assert not any(b"jane" in seen for seen in store.seen)


async def test_who_lacks_the_key_works_alone() -> None:
    store = Store()
    answers, times = await _ask(_flights(store, KEY), _flights(store, OTHER))
    assert answers == [(ANSWER, False), (ANSWER, False)]
    assert times == 2
