"""Reading a request's body, up to a limit."""

from typing import Any

from headrace.api.services import AnyRequest, header
from headrace.domain.errors import Problem

BODY_LIMIT = 64 * 1024
LONG_BODY_LIMIT = 1 << 20
"""Bytes; the longer one is for lists."""


async def body_of(request: AnyRequest, limit: int = BODY_LIMIT) -> bytes:
    """The body, of so many bytes at most. Raises `Problem`: `body_too_large`, or `bad_request` where the
    client goes away in the middle."""
    announced = header(request, b"content-length")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise Problem("body_too_large", limit=limit)
    body, more = b"", True
    while more:
        event: dict[str, Any] = await request.receive()  # type: ignore[assignment]
        if event["type"] == "http.disconnect":
            raise Problem("bad_request", detail="The request ended before its body did")
        body += event.get("body", b"")
        if len(body) > limit:
            raise Problem("body_too_large", limit=limit)
        more = event.get("more_body", False)
    return body
