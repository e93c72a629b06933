"""Results on their way to their receivers."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct


class Delivery(Struct, frozen=True):
    """One webhook to send. `attempts`: made so far, since the last replay. `url` is gone once its person was
    erased. `failing_since`, `failed_at`: when its endpoint failed first and last, in seconds since 1970.
    `unreadable`: no key opens it, or what it is to be signed with."""

    id: str
    enrichment_id: str
    account_id: str
    attempts: int
    url: str | None
    body: bytes
    secrets: tuple[str, ...]
    failing_since: float | None
    failed_at: float | None
    disabled: bool
    unreadable: bool = False


class Attempted(Struct, frozen=True):
    """How an attempt to deliver ended. `state`: pending, delivered, failed, disabled or suppressed;
    `counted`: it took one of the schedule's places; `asked`: the receiver was asked, so it says something of
    that one; `disable`: it must not be asked again."""

    id: str
    state: str
    counted: bool = True
    next_at: float | None = None
    status: int | None = None
    error: str | None = None
    disable: bool = False
    asked: bool = True


class DeliveryInfo(Struct, frozen=True):
    """A delivery as it is listed. Times are seconds since 1970."""

    id: str
    enrichment_id: str
    url: str | None
    attempts: int
    state: str
    last_status: int | None
    last_error: str | None
    next_at: float | None
    created_at: float


class Webhooks(Protocol):
    """Deliveries, taken in batches: a batch belongs to one job until each of its deliveries was attempted."""

    async def next_due(self) -> float | None:
        """When the next delivery that nobody has taken is due; seconds since 1970."""
        ...

    async def claim(self, batch: str, most: int) -> int:
        """Put what is due into a new batch; returns how many that were."""
        ...

    async def open_batches(self, before: str) -> Sequence[str]:
        """Batches named before `before`, in the order of ids, with something left to attempt."""
        ...

    async def batch(self, batch: str) -> Sequence[Delivery]:
        """What is left to attempt of a batch."""
        ...

    async def put_back(self, batch: str) -> None:
        """Let what is left of a batch be taken into another one."""
        ...

    async def signing_secrets(self, account_id: str) -> Sequence[str]:
        """The account's secrets that are in use, newest first."""
        ...

    async def first_secret(self, account_id: str, secret: str) -> None:
        """Set the account's secret, unless it has one."""
        ...

    async def attempted(self, batch: str, outcome: Attempted) -> None:
        """Write down how an attempt ended, and let the delivery leave its batch."""
        ...


class Blocked(Exception):
    """A webhook that may not be sent there. `reason` completes the sentence "The URL ..."."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Delivered(Struct, frozen=True):
    """What the receiver answered. `retry_after` is its header as it came, a number or a date."""

    status: int
    retry_after: str | None


class Receiver(Protocol):
    """Where webhooks go."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        """Raises `Blocked`, and `Refused` when there was no answer."""
        ...

    async def aclose(self) -> None: ...
