"""Enrichments, from the queue to the record."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from headrace.domain.model import Account, Attempt, EnrichmentRequest
from headrace.ports.idempotency import Reply
from headrace.record import EnrichmentRecord


class StoredEnrichment(Struct, frozen=True):
    """An enrichment as it is stored. `state`: queued, running or finished. Times are seconds since 1970."""

    id: str
    state: str
    created_at: float
    finished_at: float | None
    charged: int
    bulk_id: str | None
    record: EnrichmentRecord


class Queued(Struct, frozen=True):
    """An enrichment taken from the queue, to be carried out by whoever took it. `held`: the most that
    it may cost, in milli-credits, whatever prices are by now. `put_off_since`: when it was first found that
    nobody could answer for it, in seconds since 1970. `goes_on`: a stop cut it off after it had heard
    something."""

    id: str
    bulk_id: str | None
    request: EnrichmentRequest
    held: int
    put_off_since: float | None = None
    goes_on: bool = False


class Progress(Struct, frozen=True):
    """How far a bulk has come, in contacts."""

    bulk_id: str
    total: int
    finished: int
    queued: int


class Enrichments(Protocol):
    """Stored enrichments, and the queue of those that run later."""

    async def get(self, enrichment_id: str, account_id: str) -> StoredEnrichment | None:
        """The record, if it belongs to the account."""
        ...

    async def replace_attempts(
        self, enrichment_id: str, attempts: Sequence[Attempt], subjects: Sequence[str] = ()
    ) -> None:
        """Rewrite the trace after late answers have come in; `subjects` are the identifiers in it."""
        ...

    async def queue(
        self,
        requests: Sequence[EnrichmentRequest],
        account: Account,
        amounts: Sequence[int],
        ids: Sequence[str],
        bulk_id: str | None = None,
        reply: Reply | None = None,
    ) -> int:
        """Hold what all of them may cost and queue them, or none; returns what is then available.

        Raises `Problem`: `insufficient_credits`, `idempotency_key_in_use`.
        """
        ...

    async def progress(self, bulk_id: str, account_id: str) -> Progress | None:
        """How far a bulk of the account has come."""
        ...

    async def waiting(self) -> Sequence[str]:
        """The accounts that have something in the queue whose time has come."""
        ...

    async def take(self, account_id: str, most: int) -> Sequence[Queued]:
        """Take the oldest of an account's queue, in order; then what was put off, as it falls due."""
        ...

    async def put_back(self, enrichment_id: str) -> None:
        """Return what was taken to its place in the queue; its hold stays."""
        ...

    async def put_off(self, enrichment_id: str, until: float, since: float | None, goes_on: bool) -> None:
        """Return what was taken to the queue, from which it is not taken before `until`; its hold stays.
        `since`, `goes_on`: as in `Queued`."""
        ...

    async def taken(self) -> Sequence[str]:
        """What this process has taken and not yet ended or put back."""
        ...
