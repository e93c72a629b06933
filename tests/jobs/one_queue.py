"""One account's queue in a real database, and a job whose work and whose database do as they are told."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from headrace.domain.errors import Problem
from headrace.domain.model import Account, Contact, EnrichmentRequest, Field
from headrace.engine.enrich import Enricher
from headrace.engine.ids import new_id
from headrace.jobs.contacts import Contacts
from headrace.ports import Queued
from headrace.storage.opening import Storage
from tests.storage import making

AWAY = Problem("storage_unavailable", retry_after=1)


class Work:
    """In the place of the use case: carries contacts out as the test says, by their first name."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.given_up: list[str] = []
        self.consents: list[bool] = []
        self.special: dict[str, Callable[[], Awaitable[None]]] = {}

    async def carry_out(self, queued: Queued, account: Account) -> None:
        name = str(queued.request.contact.first_name)
        self.begun.append(name)
        self.consents.append(account.consents_personal_email)
        if name in self.special:
            await self.special[name]()
        await self._storage.ledger.settle(making.settlement(queued.id, account.id, 3))
        self.ended.append(name)

    async def give_up(self, queued: Queued, account: Account) -> None:
        await self._storage.ledger.settle(making.settlement(queued.id, account.id, 0))
        self.given_up.append(str(queued.request.contact.first_name))


class Flaky:
    """The queue, with a database that is away for the next calls named in `failures`. Of those in `unheard`,
    the write is made nevertheless."""

    def __init__(self, storage: Storage) -> None:
        self._enrichments = storage.enrichments
        self.failures: dict[str, int] = {}
        self.unheard: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._enrichments, name)

        async def perhaps(*arguments: Any) -> Any:
            if self.failures.get(name, 0):
                self.failures[name] -= 1
                if name in self.unheard:
                    await call(*arguments)
                raise AWAY
            return await call(*arguments)

        return perhaps


class Queue:
    """One account's queue and the job that works through it, up to five at a time."""

    def __init__(self, storage: Storage, account: Account) -> None:
        self.storage = storage
        self.account = account
        self.work = Work(storage)
        self.flaky = Flaky(storage)
        enricher = cast(Enricher, self.work)
        self.job = Contacts(enricher, self.flaky, storage.accounts, 5)

    async def add(self, *names: str) -> None:
        requests = [EnrichmentRequest(Contact(first_name=name), (Field.EMAIL,)) for name in names]
        ids = [new_id() for _ in names]
        await self.storage.enrichments.queue(requests, self.account, [3] * len(names), ids, None)

    async def states(self) -> Sequence[str]:
        rows = await self.storage.database.read(
            "SELECT state FROM enrichments ORDER BY created_at, place", {}
        )
        return [row[0] for row in rows]

    async def stands_at(self, *states: str) -> bool:
        return await self.states() == list(states)
