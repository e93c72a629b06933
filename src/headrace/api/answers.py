"""JSON on its way out."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from headrace.ports import Reply

REPLAYED = {"Idempotency-Replayed": "true"}

_JSON = (b"content-type", b"application/json")


class _Ready(ASGIResponse):
    """A response that is sent as it is: the framework's own looks its headers up one by one as it is made."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._start = {"type": "http.response.start", "status": status, "headers": headers}
        self._body = {"type": "http.response.body", "body": body}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send(self._start)  # type: ignore[arg-type]
        await send(self._body)  # type: ignore[arg-type]

    def to_asgi_response(self, **_: Any) -> "_Ready":
        """What the framework asks of an answer to an exception."""
        return self


def json_answer(body: bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> ASGIResponse:
    """A body that is written already."""
    spelt = [(_spelt(name), value.encode("latin-1")) for name, value in (headers or {}).items()]
    return _Ready(status, [*spelt, _JSON, (b"content-length", b"%d" % len(body))], body)


@cache
def _spelt(name: str) -> bytes:
    """A header's name as it goes on the wire."""
    return name.lower().encode()


def reply_answer(reply: Reply, headers: Mapping[str, str] | None = None) -> ASGIResponse:
    """The answer that an earlier request with the same `Idempotency-Key` got, byte for byte. `headers` are of
    this one."""
    return json_answer(reply.body, {**REPLAYED, **(headers or {})}, reply.status)
