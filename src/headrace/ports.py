"""What the engine needs from outside. Implementations live in `storage`, `transport` and `wiring`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from headrace.domain.failures import Failure, Refused
from headrace.domain.model import Account, Attempt, Enrichment

T = TypeVar("T")

STATUS_FAILURES: Mapping[int, Failure] = {
    401: Failure.BAD_KEY,
    402: Failure.OUT_OF_CREDITS,
    403: Failure.ACCOUNT_RESTRICTED,
    429: Failure.RATE_LIMITED,
}
"""What a status means unless a vendor's page says otherwise."""


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """One HTTP request, ready to send. `url` carries no secret that `headers` could carry."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, read whole. Header names are looked up in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def decode(self, shape: type[T]) -> T:
        """The JSON body as `shape`. Raises `Refused(malformed_response)` when it does not fit."""
        try:
            self.body.decode()  # the decoder does not look into values that `shape` leaves out
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise Refused(Failure.MALFORMED_RESPONSE) from error

    def expect(self, *statuses: int, refusals: Mapping[int, Failure] | None = None) -> "Response":
        """This response, if its status is one of `statuses`; else raises `Refused`.

        `refusals` says what a status means to this vendor, before the usual meanings.
        """
        if self.status in statuses:
            return self
        failure = (refusals or {}).get(self.status) or STATUS_FAILURES.get(self.status)
        if failure is None and self.status >= 500:
            failure = Failure.SERVER_ERROR
        if failure is None and 300 <= self.status < 400:
            failure = Failure.REDIRECT
        if failure is None and self.status >= 400:
            failure = Failure.REQUEST_REFUSED
        raise Refused(failure or Failure.UNEXPECTED_STATUS, self.retry_after)

    @property
    def retry_after(self) -> float | None:
        """`Retry-After` in seconds, if it is a number of seconds."""
        try:
            value = self.headers.get("retry-after", "")
        except ValueError:  # bytes that are no text
            return None
        return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


class Transport(Protocol):
    """Outbound HTTP with hard limits on time and on bytes.

    Redirects are returned, not followed; proxies are not used; TLS is verified.
    """

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        """The whole response within `seconds`, however slowly it drips.

        Raises `Refused` with `timeout`, `connect_failed`, `tls_failed`, `connection_lost`, `body_too_large`
        or `bad_encoding`.
        """
        ...

    async def aclose(self) -> None: ...


class Clock(Protocol):
    """Time that only goes forward, in seconds, and the wall's, in seconds since 1970."""

    def monotonic(self) -> float: ...

    def wall(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything that is written, in one commit, when an enrichment ends.

    `webhook_body` is the JSON text to deliver to the request's `webhook_url`, if it has one.
    """

    enrichment: Enrichment
    account_id: str
    finished_at: float
    webhook_body: bytes | None = None


class Ledger(Protocol):
    """Credits. Every method returns after its commit is durable. Amounts are milli-credits."""

    async def hold(self, enrichment_id: str, account_id: str, amount: int) -> int:
        """Reserve `amount`; returns what is then available. Raises `Problem(insufficient_credits)`."""
        ...

    async def settle(self, settlement: Settlement) -> int:
        """Charge, give back the rest, store the record and queue the webhook; returns what is available."""
        ...

    async def release(self, enrichment_id: str) -> int:
        """Give a hold back whole; returns what is available."""
        ...


@dataclass(frozen=True, slots=True)
class StoredEnrichment:
    """A finished enrichment as it was stored. The JSON texts are as written by `storage.records`."""

    id: str
    created_at: float
    finished_at: float
    charged: int
    request: bytes
    results: bytes
    attempts: bytes
    custom: bytes | None


class Enrichments(Protocol):
    """Stored enrichments."""

    async def get(self, enrichment_id: str, account_id: str) -> StoredEnrichment | None:
        """The record, if it is finished and belongs to the account."""
        ...

    async def replace_attempts(self, enrichment_id: str, attempts: Sequence[Attempt]) -> None:
        """Rewrite the trace after late answers have come in."""
        ...


class Accounts(Protocol):
    """Who may ask."""

    async def by_api_key(self, api_key: str) -> Account | None:
        """The account of a live key. Compared in constant time; `None` for any other text."""
        ...


class Meter(Protocol):
    """Counts what happened. Labels never hold personal data."""

    def enrichment(self, enrichment: Enrichment) -> None: ...
