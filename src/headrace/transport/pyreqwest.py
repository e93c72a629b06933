"""The transport on pyreqwest (Rust's reqwest and rustls), which costs about half of aiohttp's CPU time."""

from datetime import timedelta
from pathlib import Path

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import ConnectError, PyreqwestError, RequestTimeoutError
from pyreqwest.response import Response as Reply

from headrace.domain.failures import Failure, Refused
from headrace.ports import OutboundRequest, Response
from headrace.transport.limits import WIRE_BYTES, decoded


class PyreqwestTransport:
    """`ports.Transport` on one pyreqwest client."""

    def __init__(self, ca_file: str | None = None, connections: int = 1000) -> None:
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
        )
        if ca_file:
            builder = builder.add_root_certificate_pem(Path(ca_file).read_bytes())
        self._client: Client = builder.build()

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        builder = self._client.request(request.method, request.url).headers(request.headers)
        builder = builder.timeout(timedelta(seconds=seconds))
        if request.body is not None:
            builder = builder.body_bytes(request.body)
        try:
            async with builder.build_streamed() as reply:
                body = await _read(reply)
                headers, status = reply.headers, reply.status
        except RequestTimeoutError as error:
            raise Refused(Failure.TIMEOUT) from error
        except ConnectError as error:
            raise Refused(_connect_failure(error)) from error
        except PyreqwestError as error:
            raise Refused(Failure.CONNECTION_LOST) from error
        return Response(status, headers, decoded(body, headers.get("content-encoding", "").lower()))

    async def aclose(self) -> None:
        await self._client.close()


async def _read(reply: Reply) -> bytes:
    announced = reply.get_header("content-length") or "0"
    if announced.isdigit() and int(announced) > WIRE_BYTES:
        raise Refused(Failure.BODY_TOO_LARGE)
    chunks = []
    size = 0
    while (chunk := await reply.body_reader.read_chunk()) is not None:
        chunks.append(bytes(chunk))
        size += len(chunk)
        if size > WIRE_BYTES:
            raise Refused(Failure.BODY_TOO_LARGE)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _connect_failure(error: ConnectError) -> Failure:
    causes = error.details["causes"] or []
    certificate = any("certificate" in cause["message"].lower() for cause in causes)
    return Failure.TLS_FAILED if certificate else Failure.CONNECT_FAILED
