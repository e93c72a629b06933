"""Reading a request's body, up to a limit."""

from typing import Any

from headrace.api.idempotency import claim_of
from headrace.api.services import AnyRequest, header, services_of
from headrace.domain.errors import Problem
from headrace.ports import Claim

BODY_LIMIT = 64 * 1024
LONG_BODY_LIMIT = 1 << 20
"""Bytes; the longer one is for lists."""


async def body_and_claim_of(
    request: AnyRequest, caller: str, limit: int = BODY_LIMIT
) -> tuple[bytes, Claim | None]:
    """The body, and what its `Idempotency-Key` claims for `caller`, if it brings one. A request that is
    refused here counts towards the caller's limit, as any other does once it is carried out.

    Raises `Problem`: `unsupported_media_type`, `body_too_large`, `bad_request`, `rate_limited`.
    """
    try:
        require_json(request)
        body = await body_of(request, limit)
        return body, claim_of(request, caller, body)
    except Problem:
        await services_of(request).limits.admit(caller)
        raise


def require_json(request: AnyRequest) -> None:
    """A body without a type is taken for JSON; one of another type is refused."""
    declared = header(request, b"content-type").partition(";")[0].strip().lower()
    if declared and declared != "application/json" and not declared.endswith("+json"):
        raise Problem("unsupported_media_type")


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
