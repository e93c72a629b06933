"""What the tests store: accounts with credits, settlements with a record."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from headrace.domain.model import (
    Account,
    Attempt,
    Contact,
    Enrichment,
    EnrichmentRequest,
    Field,
    Grade,
    Result,
    Timing,
    Verdict,
)
from headrace.ports import Reply, Settlement
from headrace.storage.accounts import Settings
from headrace.storage.opening import Storage
from headrace.storage.owner import FileOwner

ATTEMPT = Attempt(
    Field.EMAIL,
    "hunter",
    "find",
    "found",
    "valid",
    "deliverable",
    Timing(1.0, 20.0, 200),
    1.0,
    accepted=True,
    values=("ada@example.com",),
)


async def account(storage: Storage, name: str = "acme", credits: int = 0) -> Account:
    """An account with so many milli-credits."""
    made = await storage.accounts.create(name, Settings())
    if credits:
        await storage.ledger.grant(made.id, credits)
    return made


def settlement(
    enrichment_id: str,
    account_id: str,
    charged: int,
    *,
    webhook_url: str | None = None,
    webhook_body: bytes | None = None,
    custom: bytes | None = None,
    attempts: Sequence[Attempt] = (ATTEMPT,),
    reply: Reply | None = None,
) -> Settlement:
    """The end of an enrichment that found one address."""
    contact = Contact(first_name="Ada", last_name="Lovelace", domain="example.com")
    found = Result(
        Field.EMAIL, ("ada@example.com",), Verdict(Grade.DELIVERABLE, "valid"), "hunter", answered=True
    )
    enrichment = Enrichment(
        id=enrichment_id,
        request=EnrichmentRequest(contact, (Field.EMAIL,), webhook_url, custom),
        results={Field.EMAIL: found},
        attempts=tuple(attempts),
        charged=charged,
        duration_ms=21.0,
        waited_ms=20.0,
    )
    return Settlement(enrichment, account_id, 1_800_000_000.5, webhook_body, reply=reply)


async def balance(storage: Storage, account_id: str) -> tuple[int, int]:
    """What is available, and what is held."""
    found = await storage.accounts.get(account_id)
    return found.available, found.held


def crash(storage: Storage) -> None:
    """End as a killed process does: its lock is gone, its holds and its lock file stay."""
    if isinstance(storage.owner, FileOwner):
        for file in (storage.owner._file, *storage.owner._seats.values()):
            file.close()
    else:
        storage.owner.close()  # gives the lock back and nothing else
    storage.database.close()


async def until(true: Callable[[], Awaitable[object]], seconds: float = 30) -> None:
    """Wait for a condition; a `TimeoutError` when it does not come true."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
