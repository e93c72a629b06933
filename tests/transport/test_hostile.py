"""What a transport makes of a server, or an environment, that does not behave."""

import asyncio
import gc
import gzip
import resource
import socket
import sys
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest

from headrace.domain.failures import Failure, Refused
from headrace.ports import OutboundRequest, Transport
from headrace.transport.limits import DECODED_BYTES, WIRE_BYTES
from tests.transport.conftest import Authority, Make
from tests.transport.servers import (
    OK,
    PATIENCE,
    Peer,
    Script,
    reply,
    saying,
    saying_then_closing,
    serving,
    silent,
)
from tests.transport.test_replies import HEADERS, get, post

MEGABYTE = 1 << 20


async def refusal(transport: Transport, request: OutboundRequest) -> Failure:
    """How the transport refuses; anything but a refusal is an error."""
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Refused) as caught:
            await transport.send(request, PATIENCE)
    return caught.value.failure


# Connections


async def test_a_refused_connection_is_connect_failed(transport: Transport) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert await refusal(transport, post(url)) is Failure.CONNECT_FAILED


async def _reset_before_headers(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def _close_before_headers(peer: Peer) -> None:
    await peer.request()


async def _reset_within_headers(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    peer.reset()


async def _reset_within_body(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    peer.reset()


async def _truncated_body(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")


async def _truncated_chunks(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")


async def _no_http_at_all(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"220 mail.example ESMTP\r\n")


async def _endless_headers(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await peer.send(b"X-More: " + b"a" * 4000 + b"\r\n")


async def _endless_header(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nX-More: ")
    while True:
        await peer.send(b"a" * 65536)


BROKEN: list[Script] = [
    _reset_before_headers,
    _close_before_headers,
    _reset_within_headers,
    _reset_within_body,
    _truncated_body,
    _truncated_chunks,
    _no_http_at_all,
    _endless_headers,
    _endless_header,
    saying_then_closing(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
    saying_then_closing(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"),
    saying_then_closing(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n{}"),
    saying_then_closing(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}"),
    saying_then_closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
]


@pytest.mark.parametrize("script", BROKEN)
async def test_a_broken_reply_is_a_lost_connection(make: Make, script: Script) -> None:
    transport = make(connections=1)
    async with serving(script) as server:
        assert await refusal(transport, post(server.url)) in (Failure.CONNECTION_LOST, Failure.BODY_TOO_LARGE)
    assert len(server.requests) == 1
    async with serving(saying(OK)) as healthy:
        assert (await transport.send(get(healthy.url), PATIENCE)).status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_call_that_went_out_on_an_old_connection_is_never_repeated(
    transport: Transport, method: str
) -> None:
    """It may have been paid for, whatever its method says about repeating it."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()

    async with serving(script) as server:
        request = OutboundRequest(method, server.url, HEADERS)
        assert (await transport.send(request, PATIENCE)).status == 200
        assert await refusal(transport, request) is Failure.CONNECTION_LOST
    assert len(server.requests) == 2


async def test_a_connection_that_was_closed_while_idle_costs_no_call(transport: Transport) -> None:
    """The request may go out on a new connection or be refused; it must not arrive twice."""
    async with serving(saying_then_closing(OK)) as server:
        answered = 0
        for _ in range(3):
            with suppress(Refused):
                answered += (await transport.send(get(server.url), PATIENCE)).status == 200
                await server.lost_one()
    assert len(server.requests) == answered


# Sizes


async def _announced_giant(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1048576000\r\n\r\n")
    while True:
        await peer.send(b" " * 65536)


async def _unannounced_giant(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await peer.send(b"10000\r\n" + b" " * 65536 + b"\r\n")


async def _giant_until_the_end(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await peer.send(b" " * 65536)


@pytest.mark.parametrize("script", [_announced_giant, _unannounced_giant, _giant_until_the_end])
async def test_a_giant_body_is_not_read_and_its_connection_is_dropped(make: Make, script: Script) -> None:
    transport = make(connections=1)
    async with serving(script) as server:
        assert await refusal(transport, get(server.url)) is Failure.BODY_TOO_LARGE
        await server.lost_one()
    async with serving(saying(OK)) as healthy:
        assert (await transport.send(get(healthy.url), PATIENCE)).status == 200


async def test_a_body_of_just_the_limit_is_read(transport: Transport) -> None:
    async with serving(saying(reply(b" " * WIRE_BYTES))) as server:
        assert len((await transport.send(get(server.url), PATIENCE)).body) == WIRE_BYTES


async def test_a_body_one_byte_over_the_limit_is_not(transport: Transport) -> None:
    async with serving(saying(reply(b" " * (WIRE_BYTES + 1)))) as server:
        assert await refusal(transport, get(server.url)) is Failure.BODY_TOO_LARGE


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """300 MB of nothing in 300 kB."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([*(packer.compress(bytes(MEGABYTE)) for _ in range(200)), packer.flush()])


@pytest.fixture
def peak() -> Iterator[None]:
    """Fails the test when memory grew by more than 30 MB at any time."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    yield
    grown = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    per_unit = 1 if sys.platform == "darwin" else 1024
    resident = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * per_unit
    assert grown < 30 * MEGABYTE
    assert resident < 30 * MEGABYTE


async def test_a_gzip_bomb_does_not_go_off(transport: Transport, bomb: bytes, peak: None) -> None:
    assert len(bomb) < WIRE_BYTES
    async with serving(saying(reply(bomb, "Content-Encoding: gzip"))) as server:
        for _ in range(3):
            assert await refusal(transport, get(server.url)) is Failure.BODY_TOO_LARGE


async def test_a_gzip_bomb_in_chunks_does_not_go_off(transport: Transport, bomb: bytes, peak: None) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head + f"{len(bomb):x}\r\n".encode() + bomb + b"\r\n0\r\n\r\n"
    async with serving(saying(chunked)) as server:
        assert await refusal(transport, get(server.url)) is Failure.BODY_TOO_LARGE


async def test_a_small_bomb_just_over_the_limit_is_too_large(transport: Transport) -> None:
    async with serving(
        saying(reply(gzip.compress(bytes(DECODED_BYTES + 1)), "Content-Encoding: gzip"))
    ) as server:
        assert await refusal(transport, get(server.url)) is Failure.BODY_TOO_LARGE


async def test_a_body_that_unpacks_to_just_the_limit_is_read(transport: Transport) -> None:
    packed = gzip.compress(bytes(DECODED_BYTES))
    async with serving(saying(reply(packed, "Content-Encoding: gzip"))) as server:
        assert len((await transport.send(get(server.url), PATIENCE)).body) == DECODED_BYTES


PACKED = gzip.compress(b'{"email": "jane@acme.example"}')


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"this is not gzip", "gzip"),
        (PACKED[:-4], "gzip"),
        (PACKED[:10], "gzip"),
        (b"", "gzip"),
        (PACKED[:-8] + bytes(8), "gzip"),
        (PACKED + b"and more", "gzip"),
        (b"{}", "br"),
        (b"{}", "zstd"),
        (b"{}", "gzip, gzip"),
        (b"{}", "what-is-this"),
    ],
    ids=[
        "no gzip",
        "no end",
        "a head alone",
        "nothing",
        "wrong sum",
        "more after it",
        "br",
        "zstd",
        "twice",
        "other",
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_bad_encoding(
    transport: Transport, body: bytes, encoding: str
) -> None:
    async with serving(saying(reply(body, f"Content-Encoding: {encoding}"))) as server:
        assert await refusal(transport, get(server.url)) is Failure.BAD_ENCODING


# Headers


@pytest.mark.parametrize(
    "value",
    ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\rX-Evil: 1", "a\r\n\r\nGET /evil HTTP/1.1\r\n\r\n", "a\x00b"],
)
@pytest.mark.parametrize("place", ["name", "value"])
async def test_a_header_cannot_smuggle_another(transport: Transport, value: str, place: str) -> None:
    smuggling = {"x-api-key": value} if place == "value" else {f"x-api-{value}": "key"}
    async with serving(saying(OK)) as server:
        await refusal(transport, OutboundRequest("GET", server.url, smuggling))
        assert (await transport.send(get(server.url), PATIENCE)).status == 200
    assert len(server.requests) == 1
    assert b"evil" not in server.requests[0].lower()


@pytest.mark.parametrize("path", ["/a\r\nX-Evil: 1", "/a b\r\n\r\nGET /evil", "/a\nX-Evil:1\n"])
async def test_a_path_cannot_smuggle_a_header(transport: Transport, path: str) -> None:
    async with serving(saying(OK)) as server, asyncio.timeout(PATIENCE):
        try:
            await transport.send(get(server.url + path), PATIENCE)
        except Refused:
            assert not server.requests
    assert all(not line.lower().startswith((b"x-evil", b"get /evil")) for line in _lines(server.requests))


def _lines(requests: list[bytes]) -> list[bytes]:
    return [line for request in requests for line in request.replace(b"\r", b"\n").split(b"\n")]


@pytest.mark.parametrize(
    "url", ["http://", "nowhere", "ftp://localhost/", "http://localhost:99999/", "http://[::1"]
)
async def test_an_address_that_is_none_is_refused(transport: Transport, url: str) -> None:
    await refusal(transport, get(url))


@pytest.mark.parametrize(
    "line",
    [
        b"X-Odd: \xff\xfe\x80",
        b"X-Odd: caf\xc3\xa9",
        b"X-Odd: tab\there",
        b"X-Odd: nul\x00here",
        b"X-Odd: bell\x07",
        b"X Odd: space in the name",
        b"X-Odd\xff: name",
        b"no colon at all",
        b": no name",
        b"X-Odd : space before the colon",
        b" folded: line",
        b"Content-Encoding: \xff",
        b"Retry-After: \xb2",
        b"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT",
        b"Set-Cookie: \xff=\xfe",
        b"Location: http://[::1",
        b"Content-Type: \xff/;;;charset=\x80",
    ],
)
async def test_odd_header_bytes_are_a_reply_or_a_refusal_and_nothing_else(make: Make, line: bytes) -> None:
    transport = make(connections=1)
    outcome: tuple[bytes | None, int | Failure]
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + line + b"\r\n\r\n{}"
    async with serving(saying_then_closing(answer)) as server, asyncio.timeout(PATIENCE):
        try:
            response = await transport.send(get(server.url), PATIENCE)
            outcome = response.body, response.status
        except Refused as refused:
            outcome = None, refused.failure
    assert outcome in ((b"{}", 200), (None, Failure.CONNECTION_LOST), (None, Failure.BAD_ENCODING))
    async with serving(saying(OK)) as healthy:
        assert (await transport.send(get(healthy.url), PATIENCE)).status == 200


# The environment


async def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, make: Make, authority: Authority
) -> None:
    async with serving(saying(OK)) as canary, serving(saying(OK)) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, canary.url)
            monkeypatch.setenv(name.upper(), canary.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        transport = make(authority.file)
        assert (await transport.send(get(server.url), PATIENCE)).status == 200
        async with serving(saying(OK), authority.server()) as secure:
            assert (await transport.send(get(secure.url), PATIENCE)).status == 200
        assert canary.connections == 0


async def test_a_netrc_file_is_not_read(
    monkeypatch: pytest.MonkeyPatch, make: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".netrc").write_text("machine localhost login someone password something\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NETRC", str(home / ".netrc"))
    async with serving(saying(OK)) as server:
        await make().send(get(server.url), PATIENCE)
    assert b"authorization" not in server.requests[0].lower()


# Deadlines


async def _drip_body(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await peer.send(b" ")
        await asyncio.sleep(0.01)


async def _drip_headers(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await peer.send(b"X-A: b\r\n")
        await asyncio.sleep(0.01)


async def _drip_one_header(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nX-A: ")
    while True:
        await peer.send(b"b")
        await asyncio.sleep(0.01)


async def _hint_for_ever(peer: Peer) -> None:
    await peer.request()
    while True:
        await peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await asyncio.sleep(0.01)


SLOW: list[Script] = [silent, _drip_body, _drip_headers, _drip_one_header, _hint_for_ever]


@pytest.mark.parametrize("script", SLOW)
async def test_time_is_up_however_slowly_a_reply_drips(make: Make, script: Script) -> None:
    transport = make(connections=1)
    async with serving(script) as server, asyncio.timeout(PATIENCE):
        for _ in range(2):
            with pytest.raises(Refused) as caught:
                await transport.send(post(server.url), 0.15)
            assert caught.value.failure is Failure.TIMEOUT
            await server.lost_all()
    async with serving(saying(OK)) as healthy:
        assert (await transport.send(get(healthy.url), PATIENCE)).status == 200


@pytest.mark.parametrize("script", SLOW)
async def test_a_cancelled_call_frees_its_connection_at_its_deadline_at_the_latest(
    make: Make, script: Script
) -> None:
    transport = make(connections=1)
    async with serving(script) as server:
        for _ in range(2):
            with pytest.raises((TimeoutError, Refused)):  # the latter where we stood still ourselves
                async with asyncio.timeout(0.15):
                    await transport.send(post(server.url), 0.5)
            await server.lost_all()
    async with serving(saying(OK)) as healthy, asyncio.timeout(PATIENCE):
        assert (await transport.send(get(healthy.url), PATIENCE)).status == 200


async def test_time_is_up_also_while_a_server_does_not_shake_hands(make: Make, authority: Authority) -> None:
    async with serving(silent) as server, asyncio.timeout(PATIENCE):
        with pytest.raises(Refused) as caught:
            await make(authority.file).send(get(server.url.replace("http", "https")), 0.15)
        await server.lost_all()
    assert caught.value.failure is Failure.TIMEOUT


async def test_a_deadline_cuts_the_wait_for_a_free_connection(make: Make) -> None:
    transport = make(connections=1)
    release = asyncio.Event()

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await release.wait()
            await peer.send(OK)

    async with serving(script) as server, asyncio.timeout(PATIENCE):
        first = asyncio.create_task(transport.send(get(server.url), PATIENCE))
        await server.received(1)
        with pytest.raises(Refused) as caught:
            await transport.send(get(server.url), 0.05)
        assert caught.value.failure is Failure.TIMEOUT
        release.set()
        assert (await first).status == 200
        assert (await transport.send(get(server.url), PATIENCE)).status == 200
    assert len(server.requests) == 2


async def test_a_cancelled_call_disturbs_no_other(transport: Transport) -> None:
    """Of many calls, half are given up while the server is still thinking."""
    release = asyncio.Event()

    async def script(peer: Peer) -> None:
        request = await peer.request()
        await release.wait()
        await peer.send(reply(request.split(b" ")[1]))

    async with serving(script) as server, asyncio.timeout(PATIENCE):
        calls = [asyncio.create_task(transport.send(get(f"{server.url}/{n}"), PATIENCE)) for n in range(40)]
        await server.received(40)
        for call in calls[::2]:
            call.cancel()
        await asyncio.wait(calls[::2])
        release.set()
        answers = await asyncio.gather(*calls[1::2])
    assert [answer.body for answer in answers] == [f"/{n}".encode() for n in range(1, 40, 2)]
    assert all(call.cancelled() for call in calls[::2])
