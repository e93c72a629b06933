"""Credits, and what is written when an enrichment ends."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from headrace.domain.model import Enrichment
from headrace.ports.idempotency import Claim, Reply


class Settlement(Struct, frozen=True):
    """Everything that is written, in one commit, when an enrichment ends.

    `webhook_body` is the JSON text to deliver to the request's `webhook_url`, if it has one. `subjects` are
    the identifiers of whom it is about. `reply` answers the request's `Idempotency-Key`.
    """

    enrichment: Enrichment
    account_id: str
    finished_at: float
    webhook_body: bytes | None = None
    subjects: Sequence[str] = ()
    reply: Reply | None = None


class Ledger(Protocol):
    """Credits. Every method returns after its commit is durable. Amounts are milli-credits."""

    async def hold(self, enrichment_id: str, account_id: str, amount: int, claim: Claim | None = None) -> int:
        """Reserve `amount` and take the claim; returns what is then available.

        Raises `Problem`: `insufficient_credits`, `idempotency_key_in_use`.
        """
        ...

    async def settle(self, settlement: Settlement) -> int:
        """Charge, give back the rest, store the record and queue the webhook; returns what is available.
        Settling again changes nothing. Raises `LookupError` when the hold was given back."""
        ...

    async def release(self, enrichment_id: str) -> int:
        """Give a hold back whole; returns what is available. Raises `LookupError` when there is none."""
        ...
