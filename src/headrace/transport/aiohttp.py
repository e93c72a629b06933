"""The transport on aiohttp."""

import asyncio
import ssl
from time import time

import aiohttp

from headrace.domain.failures import Failure, Refused
from headrace.ports import OutboundRequest, Response
from headrace.transport.limits import HEADERS, WIRE_BYTES, decoded


class AiohttpTransport:
    """`ports.Transport` on one aiohttp session."""

    def __init__(self, ca_file: str | None = None, connections: int = 300) -> None:
        self._ssl = ssl.create_default_context()
        if ca_file:
            self._ssl.load_verify_locations(ca_file)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        try:
            async with self._open_session().request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
            ) as reply:
                body = await _read(reply)
                headers = {name.lower(): value for name, value in reply.headers.items()}
        except (
            aiohttp.ClientConnectorCertificateError,
            aiohttp.ClientConnectorSSLError,
            ssl.SSLError,
        ) as error:
            raise Refused(Failure.TLS_FAILED) from error
        except TimeoutError as error:
            raise Refused(Failure.TIMEOUT) from error
        except aiohttp.ClientConnectorError as error:
            raise Refused(Failure.CONNECT_FAILED) from error
        except (aiohttp.ClientError, ConnectionError, ValueError) as error:
            raise Refused(Failure.CONNECTION_LOST) from error
        encoding = headers.get("content-encoding", "").lower()
        return Response(reply.status, headers, decoded(body, encoding), time())

    async def aclose(self) -> None:
        if self._session:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        """Made on first use, because a session belongs to the event loop that it is made in."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._ssl, limit=self._connections, limit_per_host=0),
                trust_env=False,
                headers=HEADERS,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                loop=asyncio.get_running_loop(),
            )
            # Left to itself, aiohttp repeats a GET whose connection broke; it may have been paid for.
            self._session._retry_connection = False  # noqa: SLF001
        return self._session


async def _read(reply: aiohttp.ClientResponse) -> bytes:
    announced = reply.content_length
    if announced is not None and announced > WIRE_BYTES:
        reply.close()
        raise Refused(Failure.BODY_TOO_LARGE)
    body = bytearray()
    async for chunk in reply.content.iter_any():
        body += chunk
        if len(body) > WIRE_BYTES:
            reply.close()
            raise Refused(Failure.BODY_TOO_LARGE)
    return bytes(body)
