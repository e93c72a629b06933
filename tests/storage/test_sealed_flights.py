"""Results of single-flight that travel through a store."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from headrace.domain.model import Found
from headrace.engine.converse import Reply
from headrace.engine.flights import LocalFlights
from headrace.storage.sealed_flights import SealedFlights
from headrace.storage.vault import ConfiguredKeys, Vault

ANSWER = Reply(Found(("jane@acme.example",)), http_status=200)
QUESTION = ("leadmagic", "http://127.0.0.1", ("email",), "Jane")
KEY, OTHER = "A" * 43 + "=", "B" * 43 + "="


class Store(LocalFlights[bytes]):
    """A store that shows what passes through it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Hashable] = []
        self.seen: list[bytes] = []

    async def once(
        self, key: Hashable, work: Callable[[], Awaitable[bytes]], seconds: float
    ) -> tuple[bytes, bool]:
        self.asked.append(key)
        result, shared = await super().once(key, work, seconds)
        self.seen.append(result)
        return result, shared


class Work:
    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> Reply:
        self.times += 1
        await asyncio.sleep(0)
        return ANSWER


def _flights(store: Store, *keys: str) -> SealedFlights:
    return SealedFlights(store, Vault(b"p" * 16, ConfiguredKeys(keys)))


async def _ask(*flights: SealedFlights) -> tuple[list[tuple[Reply, bool]], int]:
    work = Work()
    return list(await asyncio.gather(*(each.once(QUESTION, work, 60) for each in flights))), work.times


async def test_the_store_sees_nothing_and_everybody_else_the_answer() -> None:
    store = Store()
    answers, times = await _ask(_flights(store, KEY), _flights(store, KEY), _flights(store, OTHER, KEY))
    assert answers == [(ANSWER, False), (ANSWER, True), (ANSWER, True)]
    assert times == 1
    assert not any(b"jane" in seen for seen in store.seen)
    assert not any("jane" in str(key).lower() for key in store.asked)


async def test_who_lacks_the_key_works_alone() -> None:
    store = Store()
    answers, times = await _ask(_flights(store, KEY), _flights(store, OTHER))
    assert answers == [(ANSWER, False), (ANSWER, False)]
    assert times == 2


async def test_what_another_version_wrote_is_asked_for() -> None:
    class Foreign:
        def free(self, _: str) -> bool:
            return False

        async def once(self, *_: object) -> tuple[bytes, bool]:
            return b'{"told": 1}', True

    work = Work()
    flights = SealedFlights(Foreign(), Vault(b"p" * 16, ConfiguredKeys([KEY])))
    assert await flights.once(QUESTION, work, 60) == (ANSWER, False)
    assert work.times == 1


async def test_an_answer_that_cannot_be_sealed_is_still_there_for_who_asked() -> None:
    """It may have been paid for."""

    class Outdated(ConfiguredKeys):
        def are_current(self) -> bool:
            return False

    store = Store()
    answers, times = await _ask(SealedFlights(store, Vault(b"p" * 16, Outdated([KEY]))), _flights(store, KEY))
    assert answers == [(ANSWER, False), (ANSWER, False)]
    assert times == 2
