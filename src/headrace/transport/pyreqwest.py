"""The transport on pyreqwest (Rust's reqwest and rustls), which costs about half of aiohttp's CPU time."""

import os
from datetime import timedelta
from pathlib import Path
from time import time

# Its allocator would take memory in 2 MB pages, a quarter of which then stands empty. Read once, at import.
os.environ.setdefault("MIMALLOC_ALLOW_THP", "0")

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, PyreqwestError, RequestTimeoutError
from pyreqwest.response import Response as Reply

from headrace.domain.failures import Failure, Refused
from headrace.ports import OutboundRequest, Response
from headrace.threads import in_the_background
from headrace.transport.limits import HEADERS, WIRE_BYTES, decoded

_TLS_WORDS = ("certificate", "received corrupt message", "received fatal alert", "peer is incompatible")
"""How rustls speaks of a handshake that it broke off."""


class PyreqwestTransport:
    """`ports.Transport` on one pyreqwest client."""

    def __init__(self, ca_file: str | None = None, connections: int = 300) -> None:
        builder = (
            ClientBuilder()
            .follow_redirects(False)
            .no_proxy()
            .http1_only()
            .gzip(False)
            .brotli(False)
            .zstd(False)
            .deflate(False)
            .max_connections(connections)
            .referer(False)
            .default_headers(HEADERS)
        )
        if ca_file:
            builder = builder.add_root_certificate_pem(Path(ca_file).read_bytes())
        with in_the_background():
            self._client: Client = builder.build()

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        try:
            builder = self._client.request(request.method, request.url).headers(request.headers)
            builder = builder.timeout(timedelta(seconds=seconds))
            if request.body is not None:
                builder = builder.body_bytes(request.body)
            elif request.method == "POST":
                builder = builder.header("content-length", "0")  # some servers refuse one without
            async with builder.build_streamed() as reply:
                body = await _read(reply)
                headers, status = reply.headers, reply.status
                encoding = headers.get("content-encoding", "").lower()
        except RequestTimeoutError as error:
            raise Refused(Failure.TIMEOUT) from error
        except ConnectError as error:
            raise Refused(_connect_failure(error)) from error
        except (PyreqwestError, ValueError) as error:  # the latter: a URL or header that is none
            raise Refused(Failure.CONNECTION_LOST) from error
        return Response(status, headers, decoded(body, encoding), time())

    async def aclose(self) -> None:
        await self._client.close()


async def _read(reply: Reply) -> bytes:
    """The body in one go: `read` comes back at the end of the body or one byte past what is allowed."""
    body = await reply.body_reader.read(WIRE_BYTES + 1)
    if body is None:
        return b""
    if len(body) > WIRE_BYTES:
        raise Refused(Failure.BODY_TOO_LARGE)
    return bytes(body)


def _connect_failure(error: ConnectError) -> Failure:
    """A `ConnectError` is also raised for a connection that broke after the request went out; that one must
    not be taken for one that never came about, because only the latter may be tried again."""
    causes = " / ".join(cause["message"] for cause in error.details["causes"] or [])
    if "client error (Connect)" not in causes:
        return Failure.CONNECTION_LOST
    return Failure.TLS_FAILED if any(word in causes for word in _TLS_WORDS) else Failure.CONNECT_FAILED
