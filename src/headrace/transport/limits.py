"""What every request says, and how much of a reply is read."""

import zlib

from headrace.domain.failures import Failure, Refused
from headrace.version import VERSION

HEADERS = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "content-type": "application/json",
    "user-agent": f"headrace/{VERSION}",
}
"""Sent with every request, beside what the vendor's adapter adds."""

WIRE_BYTES = 1 << 20
"""Most bytes of a body as it is sent."""

DECODED_BYTES = 4 << 20
"""Most bytes of a body once decompressed."""

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def decoded(body: bytes, encoding: str) -> bytes:
    """The body without its content encoding. We ask for none, but a vendor may send one all the same.

    Raises `Refused`: `body_too_large` for a bomb, `bad_encoding` for anything but intact gzip or deflate.
    """
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Refused(Failure.BAD_ENCODING)
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = unpacker.decompress(body, DECODED_BYTES)
    except zlib.error as error:
        raise Refused(Failure.BAD_ENCODING) from error
    if unpacker.unconsumed_tail and not unpacker.eof:
        raise Refused(Failure.BODY_TOO_LARGE)
    if not unpacker.eof or unpacker.unused_data:
        raise Refused(Failure.BAD_ENCODING)
    return plain
