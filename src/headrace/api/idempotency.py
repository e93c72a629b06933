"""`Idempotency-Key`: the same request sent again gets the same answer, and is carried out once."""

import msgspec

from headrace.api.services import AnyRequest, header
from headrace.domain.errors import Problem
from headrace.ports import Claim

LONGEST_KEY = 255
"""Characters."""

_decode = msgspec.json.Decoder(float_hook=lambda text: msgspec.Raw(text.encode())).decode
"""Keeps numbers as they were written, so that no two of them become one."""

_encode = msgspec.json.Encoder(order="deterministic").encode


def claim_of(request: AnyRequest, caller: str, body: bytes) -> Claim | None:
    """The claim that the request makes, if it makes one; keys belong to a caller and a path.

    Raises `Problem(bad_request)`.
    """
    key = header(request, b"idempotency-key")
    if not key:
        return None
    if len(key) > LONGEST_KEY:
        raise Problem("bad_request", detail=f"Idempotency-Key must have at most {LONGEST_KEY} characters")
    query = request.scope["query_string"].decode("latin-1")
    return Claim(f"{caller} {request.scope['path']} {key}", f"{query} {_canonical(body)}")


def _canonical(body: bytes) -> str:
    """Equal for bodies that say the same, whatever their spacing, key order and escapes."""
    try:
        return _encode(_decode(body)).decode()
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError):
        return body.decode("latin-1")
