"""What the engine needs from outside. Implementations live in `storage`, `transport` and `wiring`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from headrace.domain.failures import Failure, Refused
from headrace.domain.model import Account, Attempt, Enrichment, EnrichmentRequest
from headrace.record import EnrichmentRecord

T = TypeVar("T")

STATUS_FAILURES: Mapping[int, Failure] = {
    401: Failure.BAD_KEY,
    402: Failure.OUT_OF_CREDITS,
    403: Failure.ACCOUNT_RESTRICTED,
    429: Failure.RATE_LIMITED,
}
"""What a status means unless a vendor's page says otherwise."""


class OutboundRequest(Struct, frozen=True):
    """One HTTP request, ready to send. `url` carries no secret that `headers` could carry."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Response(Struct, frozen=True):
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


class Claim(Struct, frozen=True):
    """One use of an `Idempotency-Key`. `name` tells keys of different callers and routes apart;
    `fingerprint` is what was asked, in one spelling; the answer is kept for `seconds`."""

    name: str
    fingerprint: str
    seconds: float = 86_400


class Reply(Struct, frozen=True):
    """The answer that belongs to a claim; status 0 while it is being worked out. `seconds`: how long to keep
    it, where that differs from the claim's."""

    claim: Claim
    status: int
    body: bytes
    seconds: float | None = None


class Idempotency(Protocol):
    """Answers by `Idempotency-Key`."""

    async def look(self, claim: Claim) -> Reply | None:
        """What is known of the key. Raises `Problem(idempotency_key_reused)` if another request used it."""
        ...

    async def begin(self, claim: Claim) -> None:
        """Take the key. Raises `Problem(idempotency_key_in_use)`."""
        ...

    async def end(self, reply: Reply) -> None:
        """Keep the answer."""
        ...

    async def free(self, claim: Claim) -> None:
        """Let the key go: nothing came of the request."""
        ...


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
    """An enrichment taken from the queue, to be carried out by whoever took it."""

    id: str
    bulk_id: str | None
    request: EnrichmentRequest


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
        """The accounts that have something in the queue."""
        ...

    async def take(self, account_id: str, most: int) -> Sequence[Queued]:
        """Take the oldest of an account's queue, in order."""
        ...

    async def put_back(self, enrichment_id: str) -> None:
        """Return what was taken to its place in the queue; its hold stays."""
        ...

    async def taken(self) -> Sequence[str]:
        """What this process has taken and not yet ended or put back."""
        ...


class Delivery(Struct, frozen=True):
    """One webhook to send. `attempts`: made so far, since the last replay. `url` is gone once its person was
    erased. `failing_since`: seconds since 1970."""

    id: str
    enrichment_id: str
    account_id: str
    attempts: int
    url: str | None
    body: bytes
    secrets: tuple[str, ...]
    failing_since: float | None
    disabled: bool


class Attempted(Struct, frozen=True):
    """How an attempt to deliver ended. `state`: pending, delivered, failed, disabled or suppressed;
    `counted`: the receiver was asked; `disable`: it must not be asked again."""

    id: str
    state: str
    counted: bool = True
    next_at: float | None = None
    status: int | None = None
    error: str | None = None
    disable: bool = False


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


Fence = Callable[[str], AbstractAsyncContextManager[None]]
"""Makes a context that one process of the fleet is inside of at a time."""


class Accounts(Protocol):
    """Who may ask."""

    async def by_id(self, account_id: str) -> Account | None:
        """The account, if there is one."""
        ...

    async def by_api_key(self, api_key: str) -> Account | None:
        """The account of a live key. Compared in constant time; `None` for any other text."""
        ...


class Suppressions(Protocol):
    """Persons who must be left alone."""

    async def hit(self, identifiers: Sequence[str]) -> bool:
        """Whether one of these (see `engine.subjects`) is such a person's."""
        ...


class Meter(Protocol):
    """Counts what happened. Labels never hold personal data."""

    def enrichment(self, enrichment: Enrichment) -> None: ...


class Admission(msgspec.Struct, frozen=True, gc=False):
    """Where a rate stands after one more asked.

    `wait` 0: admitted and counted; else the seconds until one would be. `remaining` would be admitted at
    once; after `reset_after` seconds the window is empty.
    """

    wait: float
    remaining: int
    reset_after: float


class Rates(Protocol):
    """Counts what is admitted, exactly, in any sliding stretch of time."""

    async def admit(self, key: str, calls: int, seconds: float) -> Admission:
        """At most `calls` in any `seconds`. A key always comes with the same two numbers. Never raises."""
        ...


class Pause(msgspec.Struct, frozen=True):
    """Why a vendor is left alone, for how many `seconds` more; a failed probe doubles `length`."""

    reason: Failure
    seconds: float
    length: float


class Paused(Protocol):
    """The breakers of one process, as the others see them."""

    @property
    def names(self) -> Sequence[str]: ...

    def pauses(self) -> Mapping[str, Pause]:
        """Those that are open."""
        ...

    def hear(self, name: str, pause: Pause | None) -> None:
        """Another process opened a breaker, or, with `None`, closed it."""
        ...


class BreakerBoard(Protocol):
    """Where the processes of a fleet tell each other which breakers are open. Never raises."""

    def join(self, breakers: Paused) -> None:
        """Tell these from now on."""
        ...

    def opened(self, name: str, pause: Pause) -> None: ...

    def closed(self, name: str) -> None:
        """Its probe went well."""
        ...

    async def may_probe(self, name: str) -> bool:
        """Whether this process may send the one probe; `opened`, `closed` or `gave_up` must follow.

        When it may not because the others know more, the breakers have heard it before this returns.
        """
        ...

    def gave_up(self, name: str) -> None:
        """The probe told nothing: another may try."""
        ...


class Remembered(Struct, frozen=True):
    """What a vendor answered at `obtained_at` (seconds since 1970). `found`: it had something."""

    answer: bytes
    found: bool
    obtained_at: float


class Answers(Protocol):
    """What vendors answered, for use again. `question` is a keyed hash."""

    async def recall(self, question: bytes) -> Remembered | None:
        """The latest answer, however old. Raises `Problem(storage_unavailable)`."""
        ...

    async def remember(self, question: bytes, answer: Remembered, subjects: Sequence[str]) -> None:
        """Keep an answer in the place of an older one, unless one of the persons that it is about, which are
        its `subjects`, is suppressed. Raises `Problem(storage_unavailable)`."""
        ...


class Flights(Protocol):
    """Work that many ask for at the same time and that is done once."""

    async def once(
        self, key: str, work: Callable[[], Awaitable[bytes]], seconds: float
    ) -> tuple[bytes, bool]:
        """What `work` returns, and whether another's work was shared.

        Of all who ask at the same time one works. Whoever comes after it has ended works anew. If the one
        that works fails or is cancelled, only it is told so, and another of those who wait works; also if it
        takes longer than `seconds`. `key` may hold personal data only where it stays in the process.
        """
        ...
