"""The transport that carries webhooks to URLs that strangers wrote."""

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextvars import ContextVar

import aiohttp
from aiohappyeyeballs import AddrInfoType
from aiohttp.abc import AbstractResolver
from msgspec import Struct

from headrace.domain.failures import Failure, Refused
from headrace.ports import Blocked, Delivered
from headrace.transport.destination import Rules
from headrace.transport.limits import HEADERS
from headrace.transport.lookups import Lookups

BODY_BYTES = 64 << 10
"""Most bytes that are read of an answer's body, only to let its connection be used again."""

IDLE_SECONDS = 1.0
"""How long a connection is kept for the next delivery: long enough for a bulk's, and shorter than any
server waits before it closes, so that none goes out on a connection that is just being closed."""

_RETRY_AFTER_CHARACTERS = 64


class _Dialling(Struct):
    """How far one delivery came: whether any address was dialled, and why the last other one was not."""

    dialled: bool = False
    reason: str = ""


_dialling: ContextVar[_Dialling] = ContextVar("dialling")


class GuardedTransport:
    """Posts to public addresses, and to the networks of `allow_private`.

    What counts is the address that is dialled, checked when its socket is made: it is the same for a name,
    a literal, any spelling of either, and a name server that changes its mind. Redirects are returned, not
    followed; proxies and cookies are not used; TLS is verified.

    `timeout` is in seconds, for all of a delivery. A wait for one of the `per_host` connections counts,
    as that host keeps them busy; `connections` is to be larger than what is delivered at once.
    """

    def __init__(
        self,
        *,
        timeout: float = 15,
        allow_http: bool = False,
        allow_private: Sequence[str] = (),
        per_host: int = 10,
        connections: int = 200,
        resolver: AbstractResolver | None = None,
        ca_file: str | None = None,
    ) -> None:
        self._rules = Rules.of(allow_http, allow_private)
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._per_host = per_host
        self._connections = connections
        self._resolver = resolver or Lookups()
        self._ssl = ssl.create_default_context()
        if ca_file:
            self._ssl.load_verify_locations(ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        """Raises `Blocked` if `url` may not be reached, `Refused` if its host gave no answer.

        An answer is its status line and headers; what becomes of its body changes nothing.
        """
        target = self._rules.read(url)
        dialling = _Dialling()
        before = _dialling.set(dialling)
        try:
            async with self._open_session().post(
                target, data=body, headers=headers, allow_redirects=False, timeout=self._timeout
            ) as reply:
                await _drain(reply)
                return Delivered(reply.status, _retry_after(reply))
        except (
            aiohttp.ClientConnectorCertificateError,
            aiohttp.ClientConnectorSSLError,
            ssl.SSLError,
        ) as error:
            raise Refused(Failure.TLS_FAILED) from error
        except TimeoutError as error:
            raise Refused(Failure.TIMEOUT) from error
        except aiohttp.ClientConnectorError as error:
            if dialling.reason and not dialling.dialled:
                raise Blocked(dialling.reason) from error
            raise Refused(Failure.CONNECT_FAILED) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise Refused(Failure.CONNECTION_LOST) from error
        finally:
            _dialling.reset(before)

    async def aclose(self) -> None:
        if self._session:
            await self._session.close()
        await self._resolver.close()

    def _open_session(self) -> aiohttp.ClientSession:
        """Made on first use, because a session belongs to the event loop that it is made in."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=self._ssl,
                    limit=self._connections,
                    limit_per_host=self._per_host,
                    keepalive_timeout=IDLE_SECONDS,
                    resolver=self._resolver,
                    socket_factory=self._socket,
                ),
                trust_env=False,
                headers=HEADERS,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                loop=asyncio.get_running_loop(),
            )
        return self._session

    def _socket(self, target: AddrInfoType) -> socket.socket:
        """A socket for `target`, an address about to be dialled.

        An `OSError` for one that may not be: the client then goes on to the name's next address.
        """
        family, kind, protocol, _, (host, port, *_) = target
        dialling = _dialling.get()
        reason = self._rules.against(host, port)
        if reason:
            dialling.reason = reason
            raise PermissionError(reason)
        dialling.dialled = True
        return socket.socket(family, kind, protocol)


async def _drain(reply: aiohttp.ClientResponse) -> None:
    """Read a short body to its end; drop one that is long, broken or late, and its connection."""
    length = 0
    try:
        async for chunk in reply.content.iter_any():
            length += len(chunk)
            if length > BODY_BYTES:
                reply.close()
                return
    except (aiohttp.ClientError, ConnectionError, TimeoutError):
        reply.close()


def _retry_after(reply: aiohttp.ClientResponse) -> str | None:
    value = reply.headers.get("retry-after", "")
    return value if 0 < len(value) <= _RETRY_AFTER_CHARACTERS and value.isascii() else None
