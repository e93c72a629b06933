"""Both transports, behind one fixture: whatever one must do, the other must do too."""

import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from headrace.ports import Transport
from headrace.transport.aiohttp import AiohttpTransport
from headrace.transport.pyreqwest import PyreqwestTransport

Make = Callable[..., Transport]
"""Takes what both constructors take; what it makes is closed after the test."""

KINDS = (AiohttpTransport, PyreqwestTransport)


@pytest_asyncio.fixture(params=KINDS, ids=lambda kind: kind.__name__)
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """Makes transports of the kind under test."""
    made: list[Transport] = []

    def new(ca_file: str | None = None, connections: int = 1000) -> Transport:
        made.append(request.param(ca_file, connections))
        return made[-1]

    yield new
    for transport in made:
        await transport.aclose()


@pytest.fixture
def transport(make: Make) -> Transport:
    """A transport as it is by default."""
    return make()


class Authority:
    """A certificate authority of our own, with its certificate in a file."""

    def __init__(self, file: Path) -> None:
        self._ca = trustme.CA()
        self.file = str(file)
        self._ca.cert_pem.write_to_path(self.file)

    def server(self, name: str = "localhost", **certificate: object) -> ssl.SSLContext:
        """A server's context, with a certificate for `name`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(name, **certificate).configure_cert(context)  # type: ignore[arg-type]
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority.pem")


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "stranger.pem")
