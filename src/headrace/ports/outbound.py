"""Asking vendors over HTTP."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, TypeVar, cast

import msgspec
from msgspec import Struct

from headrace.domain.failures import Failure, Refused

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
            decoded: T = _decoder(cast("Any", shape))(self.body)
            return decoded
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


@cache
def _decoder(shape: Any) -> Callable[[bytes], Any]:
    """Made once for each shape: there is one for every kind of reply."""
    return msgspec.json.Decoder(shape).decode
