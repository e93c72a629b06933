"""The delivery job on a real database and real sockets, under a clock that jumps from attempt to attempt."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from headrace.domain.model import Account
from headrace.domain.webhooks import DEFAULT_SCHEDULE
from headrace.engine.ids import new_id
from headrace.jobs.deliver import Deliver
from headrace.ports import DeliveryInfo
from headrace.storage.opening import Storage, open_storage
from headrace.transport.guarded import GuardedTransport
from tests.jobs.fake_clock import FakeClock
from tests.storage import making

PATIENCE = 60.0
"""Seconds that a receiver has: here one that hangs is to hang until it is told otherwise."""

BODY = b'{"enrichment_id":"1","email":"ada@example.com"}'


@dataclass(slots=True)
class Office:
    """Owes webhooks and delivers them. `batches`: when each batch was attempted."""

    storage: Storage
    clock: FakeClock
    account: Account
    deliver: Deliver
    batches: list[float] = field(default_factory=list)

    async def owe(self, url: str, body: bytes = BODY, subjects: tuple[str, ...] = ()) -> str:
        """Settle an enrichment with a webhook; returns the enrichment's id."""
        enrichment_id = new_id()
        await self.storage.ledger.hold(enrichment_id, self.account.id, 0)
        settled = making.settlement(enrichment_id, self.account.id, 0, webhook_url=url, webhook_body=body)
        at = self.clock.now
        await self.storage.ledger.settle(replace(settled, finished_at=at, subjects=subjects))
        return enrichment_id

    async def attempt(self) -> bool:
        """Go to when the next delivery is due and attempt all that is; false when nothing is owed."""
        due = await self.storage.webhooks.next_due()
        if due is None:
            return False
        self.clock.now = max(self.clock.now, due)
        batch = new_id()
        assert await self.storage.webhooks.claim(batch, 1000)
        self.batches.append(self.clock.now)
        await self.deliver(batch)
        return True

    async def attempt_all(self) -> None:
        """Until nothing is owed any more."""
        while await self.attempt():
            pass

    async def listed(self) -> list[DeliveryInfo]:
        """The newest first."""
        return list(await self.storage.webhooks.listed(self.account.id))

    async def only(self) -> DeliveryInfo:
        (delivery,) = await self.listed()
        return delivery


@asynccontextmanager
async def office(directory: Path, **transport: Any) -> AsyncIterator[Office]:
    """One that may deliver to loopback, unless `transport` says otherwise."""
    clock = FakeClock()
    storage = open_storage(directory / "headrace.db", None, (), clock)
    allowed = {"allow_http": True, "allow_private": ["127.0.0.0/8"], "timeout": PATIENCE, **transport}
    deliver = Deliver(
        storage.webhooks,
        lambda: GuardedTransport(**allowed),
        storage.suppressions.concern,
        DEFAULT_SCHEDULE,
        clock,
    )
    account = await making.account(storage)
    try:
        yield Office(storage, clock, account, deliver)
    finally:
        await deliver.aclose()
        storage.close()
