"""The few HTTP types that every sandbox vendor speaks with."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Json = dict[str, Any]

BODY_LIMIT = 1 << 20
MARK = (b"x-headrace-sandbox", b"true")


class BadInput(Exception):
    """The caller's request cannot be used; the vendor words the refusal in its own way."""


class BadJson(BadInput):
    """The body is not a JSON object at all."""


class BodyTooLarge(Exception):
    """The request body is over what the server reads."""


class Hangup(Exception):
    """The caller went away before its request was complete."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer ready for the wire; `within` caps the seconds it may be delayed."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    within: float | None = None

    def raw_headers(self, extra: tuple[tuple[str, str], ...] = ()) -> list[tuple[bytes, bytes]]:
        """The headers as ASGI wants them, the sandbox mark among them, without a length."""
        pairs = (("content-type", self.content_type), *self.headers, *extra)
        return [MARK, *((name.encode(), value.encode("latin-1", "replace")) for name, value in pairs)]


def reply(content: object, status: int = 200, **more: Any) -> Response:
    """A JSON answer."""
    return Response(status, msgspec.json.encode(content), **more)


@dataclass(slots=True)
class Request:
    """One call, with its path as the vendor would see it."""

    method: str
    path: str
    query_string: bytes
    headers: Mapping[str, str]
    body: bytes
    _json: Json | None = field(default=None, repr=False)

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of a repeated one, the last."""
        return dict(parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True))

    @property
    def json(self) -> Json:
        """The body as a JSON object, else `BadJson`."""
        if self._json is None:
            try:
                content = msgspec.json.decode(self.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise BadJson("The request body is not valid JSON.") from None
            if not isinstance(content, dict):
                raise BadJson("The request body must be a JSON object.")
            self._json = content
        return self._json

    def text(self, name: str) -> str:
        """A string field of the body, stripped; absent and null are empty."""
        return text_of(self.json, name)

    def bearer(self) -> str:
        """The token of an `Authorization: Bearer` header, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


def text_of(source: Mapping[str, Any], name: str) -> str:
    """A string member of an object, stripped; absent and null are empty."""
    value = source.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadInput(f"{name} must be a string.")
    return value.strip()


def flag_of(source: Mapping[str, Any], name: str) -> bool:
    """A boolean member of an object; absent and null are false."""
    value = source.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadInput(f"{name} must be a boolean.")
    return bool(value)


async def read_body(receive: Receive) -> bytes:
    """The whole request body, within the limit."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Hangup
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def send_response(send: Send, response: Response) -> None:
    """Put one whole answer on the wire."""
    headers = response.raw_headers((("content-length", str(len(response.body))),))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
