"""Asking vendors over HTTP."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, TypeVar, cast

import msgspec
from msgspec import Struct

from headrace.domain.failures import Failure, Refused
from headrace.domain.waits import http_date, seconds_asked_for

T = TypeVar("T")


STATUS_FAILURES: Mapping[int, Failure] = {
    401: Failure.BAD_KEY,
    402: Failure.OUT_OF_CREDITS,
    403: Failure.ACCOUNT_RESTRICTED,
    429: Failure.RATE_LIMITED,
}
"""What a status means unless a vendor's page says otherwise."""


class OutboundRequest(Struct, frozen=True):
    """One HTTP request, ready to send. `url` carries no secret that `headers` could carry. `vendor`: whose
    share of the connections it uses."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    vendor: str = ""


class Response(Struct, frozen=True):
    """One HTTP response, read whole. Header names are looked up in lower case.

    `received_at` is by our clock, in seconds since 1970, for where the vendor does not say what time it is;
    `None` for one that never travelled. `waited`: seconds for which the request stood in line on our side.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: float | None = None
    waited: float = 0.0

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
        """The seconds that `Retry-After` asks for, however many; `None` without one that can be read."""
        asked = self._text("retry-after")
        if not asked:
            return None
        # A date was written by the vendor's clock, and so is best compared with that one.
        sent_at = http_date(self._text("date"))
        return seconds_asked_for(asked, self.received_at if sent_at is None else sent_at)

    def _text(self, header: str) -> str:
        try:
            return self.headers.get(header, "")
        except ValueError:  # bytes that are no text
            return ""


class Transport(Protocol):
    """Outbound HTTP with hard limits on time and on bytes.

    Redirects are returned, not followed; proxies are not used; TLS is verified.
    """

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        """The whole response within `seconds` of the request's being sent, however slowly it drips.

        Raises `Refused` with `timeout`, `connect_failed`, `tls_failed`, `connection_lost`, `body_too_large`
        or `bad_encoding`; `Unsent` where no connection of ours came free within `seconds`.
        """
        ...

    async def aclose(self) -> None: ...


@cache
def _decoder(shape: Any) -> Callable[[bytes], Any]:
    """Made once for each shape: there is one for every kind of reply."""
    return msgspec.json.Decoder(shape).decode
