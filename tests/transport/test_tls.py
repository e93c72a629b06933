"""A transport talks only to servers that can prove who they are."""

import asyncio
import ssl
import warnings
from datetime import UTC, datetime, timedelta

import pytest

from headrace.domain.failures import Failure, Refused
from headrace.ports import Transport
from tests.transport.conftest import Authority, Make
from tests.transport.servers import OK, PATIENCE, Peer, saying, serving
from tests.transport.test_hostile import refusal
from tests.transport.test_replies import get, post


async def test_a_server_with_a_certificate_of_the_given_authority_is_trusted(
    make: Make, authority: Authority
) -> None:
    async with serving(saying(OK), authority.server()) as server:
        assert (await make(authority.file).send(get(server.url), PATIENCE)).status == 200


async def test_a_server_with_a_certificate_of_an_unknown_authority_is_not(
    transport: Transport, authority: Authority
) -> None:
    async with serving(saying(OK), authority.server()) as server:
        assert await refusal(transport, post(server.url)) is Failure.TLS_FAILED
    assert not server.requests


async def test_one_authority_does_not_vouch_for_another(
    make: Make, authority: Authority, stranger: Authority
) -> None:
    async with serving(saying(OK), stranger.server()) as server:
        assert await refusal(make(authority.file), post(server.url)) is Failure.TLS_FAILED
    assert not server.requests


@pytest.mark.parametrize("name", ["elsewhere.example", "*.localhost", "localhost.example", "127.0.0.2"])
async def test_a_certificate_for_another_name_is_refused(make: Make, authority: Authority, name: str) -> None:
    async with serving(saying(OK), authority.server(name)) as server:
        assert await refusal(make(authority.file), post(server.url)) is Failure.TLS_FAILED
    assert not server.requests


async def test_an_expired_certificate_is_refused(make: Make, authority: Authority) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    async with serving(saying(OK), authority.server(not_after=yesterday)) as server:
        assert await refusal(make(authority.file), post(server.url)) is Failure.TLS_FAILED
    assert not server.requests


async def test_an_address_is_checked_like_a_name(make: Make, authority: Authority) -> None:
    async with serving(saying(OK), authority.server("127.0.0.1")) as server:
        response = await make(authority.file).send(get(f"https://127.0.0.1:{server.port}"), PATIENCE)
    assert response.status == 200


async def test_the_given_authority_is_trusted_besides_the_usual_ones(
    make: Make, authority: Authority, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", stranger.file)
    transport = make(authority.file)
    async with (
        serving(saying(OK), stranger.server()) as usual,
        serving(saying(OK), authority.server()) as own,
    ):
        assert (await transport.send(get(usual.url), PATIENCE)).status == 200
        assert (await transport.send(get(own.url), PATIENCE)).status == 200


async def test_a_server_that_speaks_no_tls_is_tls_failed(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(5)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with serving(script) as server:
        assert await refusal(transport, post(server.url.replace("http", "https"))) is Failure.TLS_FAILED
    assert not server.requests


async def test_an_outdated_protocol_is_refused(make: Make, authority: Authority) -> None:
    context = authority.server()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving(saying(OK), context) as server:
        failure = await refusal(make(authority.file), post(server.url))
    assert failure in (Failure.TLS_FAILED, Failure.CONNECT_FAILED)
    assert not server.requests


async def test_the_key_is_not_sent_before_the_server_is_known(make: Make, authority: Authority) -> None:
    """A server that listens in without a valid certificate sees no byte of the request."""
    async with serving(saying(OK), authority.server("elsewhere.example")) as server:
        transport = make(authority.file)
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(
                *(transport.send(post(server.url), PATIENCE) for _ in range(10)), return_exceptions=True
            )
    assert all(isinstance(answer, Refused) for answer in answers)
    assert not server.requests
