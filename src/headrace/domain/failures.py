"""The ways in which a vendor can fail, each with a name, and what follows from it."""

from enum import StrEnum

from msgspec import Struct


class Failure(StrEnum):
    """Why a vendor gave no answer."""

    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    CONNECTION_LOST = "connection_lost"
    TIMEOUT = "timeout"
    BODY_TOO_LARGE = "body_too_large"
    BAD_ENCODING = "bad_encoding"
    MALFORMED_RESPONSE = "malformed_response"
    MALFORMED_VALUE = "malformed_value"
    REDIRECT = "redirect"
    UNEXPECTED_STATUS = "unexpected_status"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    OUT_OF_CREDITS = "out_of_credits"
    BAD_KEY = "bad_key"
    ACCOUNT_RESTRICTED = "account_restricted"
    REQUEST_REFUSED = "request_refused"
    DEADLINE = "deadline"


class Consequence(Struct, frozen=True):
    """What the guard does after a failure.

    `opens_at_once`: the breaker opens without counting. `whole_vendor`: every capability of the vendor is
    affected. `loud`: an operator must act, so it is logged as an error and named in `/readyz`.
    `counts`: a run of these opens the breaker.
    """

    counts: bool = True
    opens_at_once: bool = False
    whole_vendor: bool = False
    loud: bool = False


CONSEQUENCES: dict[Failure, Consequence] = {
    Failure.RATE_LIMITED: Consequence(opens_at_once=True),
    Failure.OUT_OF_CREDITS: Consequence(opens_at_once=True, loud=True),
    Failure.BAD_KEY: Consequence(opens_at_once=True, whole_vendor=True, loud=True),
    Failure.ACCOUNT_RESTRICTED: Consequence(opens_at_once=True, whole_vendor=True, loud=True),
    # What the vendor said of one request or one value proves nothing about the next.
    Failure.REQUEST_REFUSED: Consequence(counts=False),
    Failure.MALFORMED_VALUE: Consequence(counts=False),
    Failure.DEADLINE: Consequence(counts=False),
}


def consequence(failure: Failure) -> Consequence:
    """What follows from `failure`; those that are not listed count towards opening the breaker."""
    return CONSEQUENCES.get(failure, Consequence())


class Unsent(Exception):
    """A request of ours did not go out, for a `reason` of our own that says nothing about the vendor."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(Exception):
    """A vendor refused to answer, in its own words for `failure`. `retry_after` is in seconds, as is
    `waited`: how long the request stood in line on our side before."""

    def __init__(self, failure: Failure, retry_after: float | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.retry_after = retry_after
        self.waited = 0.0
