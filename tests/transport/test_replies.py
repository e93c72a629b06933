"""What a transport makes of a server that behaves."""

import asyncio
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from headrace.ports import OutboundRequest, Transport
from headrace.transport.bulkhead import Bulkhead
from tests.transport.conftest import Make
from tests.transport.servers import OK, PATIENCE, Peer, reply, saying, saying_then_closing, serving

HEADERS = {"x-api-key": "secret-5f2c", "accept": "application/json", "accept-encoding": "identity"}


def get(url: str, **headers: str) -> OutboundRequest:
    return OutboundRequest("GET", url, {**HEADERS, **headers})


def post(url: str, body: bytes = b"{}") -> OutboundRequest:
    return OutboundRequest("POST", url, {**HEADERS, "content-type": "application/json"}, body)


async def test_a_reply_arrives_whole(transport: Transport) -> None:
    async with serving(saying(reply(b'{"a": 1}', "Content-Type: application/json"))) as server:
        response = await transport.send(get(f"{server.url}/path?q=1"), PATIENCE)
    assert (response.status, response.body) == (200, b'{"a": 1}')
    assert response.headers["content-type"] == "application/json"


async def test_header_names_are_lower_case(transport: Transport) -> None:
    async with serving(saying(reply(b"{}", "X-Odd-CASE: Kept As It Is", "RETRY-AFTER: 7"))) as server:
        response = await transport.send(get(server.url), PATIENCE)
    assert response.headers["x-odd-case"] == "Kept As It Is"
    assert response.retry_after == 7
    assert all(name == name.lower() for name in response.headers)


@pytest.mark.parametrize(
    ("dates", "least", "most"),
    [
        # By the vendor's clock where it tells us what that says, else by ours.
        (["Date: Sun, 22 Nov 2009 10:00:00 GMT", "Retry-After: Sun, 22 Nov 2009 10:00:20 GMT"], 20, 20),
        (["Retry-After: Sun, 22 Nov 2009 10:00:20 GMT"], 0, 0),
        (["Retry-After: {soon}"], 3500, 3600),
        (["Date: yesterday", "Retry-After: {soon}"], 3500, 3600),
        (["Date: \xb2", "Retry-After: {soon}"], 3500, 3600),
    ],
)
async def test_a_time_to_come_back_at_is_read_by_the_clock_that_set_it(
    transport: Transport, dates: list[str], least: float, most: float
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    async with serving(saying(reply(b"{}", *(line.format(soon=soon) for line in dates)))) as server:
        response = await transport.send(get(server.url), PATIENCE)
    assert response.retry_after is not None
    assert least <= response.retry_after <= most


async def test_method_path_headers_and_body_go_out_as_given(transport: Transport) -> None:
    async with serving(saying(OK)) as server:
        await transport.send(
            post(f"{server.url}/v1/people/email-finder?q=a+b&r=%2B", b'{"name": "Zo\xc3\xab"}'), PATIENCE
        )
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert head.startswith(b"POST /v1/people/email-finder?q=a+b&r=%2B HTTP/1.1\r\n")
    assert body == b'{"name": "Zo\xc3\xab"}'
    assert b"x-api-key: secret-5f2c" in lines
    assert b"content-type: application/json" in lines
    assert [line for line in lines if line.startswith(b"accept-encoding")] == [b"accept-encoding: identity"]


async def test_a_post_without_a_body_says_that_it_has_none(transport: Transport) -> None:
    async with serving(saying(OK)) as server:
        await transport.send(OutboundRequest("POST", server.url, HEADERS), PATIENCE)
    assert b"content-length: 0" in server.requests[0].lower().split(b"\r\n")


@pytest.mark.parametrize(
    "status", [200, 201, 202, 204, 222, 400, 401, 402, 404, 418, 429, 451, 500, 503, 599]
)
async def test_every_status_is_handed_on(transport: Transport, status: int) -> None:
    body = b"" if status == 204 else b"{}"
    answer = reply(body, status=f"{status} Whatever")
    if status == 204:
        answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with serving(saying(answer)) as server:
        response = await transport.send(get(server.url), PATIENCE)
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_returned_and_the_key_goes_nowhere_else(
    transport: Transport, status: int
) -> None:
    async with serving(saying(OK)) as elsewhere:
        moved = reply(b"", f"Location: {elsewhere.url}/take", status=f"{status} Moved")
        async with serving(saying(moved)) as server:
            response = await transport.send(post(server.url), PATIENCE)
    assert response.status == status
    assert response.headers["location"] == f"{elsewhere.url}/take"
    assert (elsewhere.connections, len(server.requests)) == (0, 1)


async def test_a_cookie_is_never_sent_back(transport: Transport) -> None:
    async with serving(saying(reply(b"{}", "Set-Cookie: session=1; Path=/"))) as server:
        await transport.send(get(server.url), PATIENCE)
        await transport.send(get(server.url), PATIENCE)
    assert len(server.requests) == 2
    assert b"cookie:" not in server.requests[1].lower()


async def test_a_chunked_body_is_put_together(transport: Transport) -> None:
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n5;x=y\r\n": 1}\r\n0\r\n\r\n'
    async with serving(saying(chunked)) as server:
        assert (await transport.send(get(server.url), PATIENCE)).body == b'{"a": 1}'


async def test_a_body_may_end_with_the_connection(transport: Transport) -> None:
    async with serving(saying_then_closing(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}")) as server:
        assert (await transport.send(get(server.url), PATIENCE)).body == b"{}"


async def test_hints_before_the_reply_are_passed_over(transport: Transport) -> None:
    hinted = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK
    async with serving(saying(hinted)) as server:
        assert (await transport.send(get(server.url), PATIENCE)).status == 200


@pytest.mark.parametrize(("encoding", "bits"), [("gzip", 31), ("GZip", 31), ("x-gzip", 31), ("deflate", 15)])
async def test_a_compressed_body_is_unpacked(transport: Transport, encoding: str, bits: int) -> None:
    plain = b'{"email": "jane@acme.example"}' * 100
    packer = zlib.compressobj(wbits=bits)
    packed = packer.compress(plain) + packer.flush()
    async with serving(saying(reply(packed, f"Content-Encoding: {encoding}"))) as server:
        assert (await transport.send(get(server.url), PATIENCE)).body == plain


async def test_one_connection_serves_calls_one_after_another(transport: Transport) -> None:
    async with serving(saying(OK)) as server:
        for _ in range(20):
            await transport.send(post(server.url), PATIENCE)
    assert (len(server.requests), server.connections) == (20, 1)


async def test_two_hundred_calls_run_side_by_side(transport: Transport) -> None:
    """The server answers none before all have come, so they cannot have queued."""
    everyone = asyncio.Event()

    async def script(peer: Peer) -> None:
        request = await peer.request()
        if len(peer.server.requests) == 200:
            everyone.set()
        await everyone.wait()
        await peer.send(reply(request.split(b" ")[1]))

    async with serving(script) as server, asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(
            *(transport.send(get(f"{server.url}/{n}"), PATIENCE) for n in range(200))
        )
    assert [answer.body for answer in answers] == [f"/{n}".encode() for n in range(200)]


async def test_calls_beyond_the_connections_wait_for_a_free_one(make: Make) -> None:
    transport = Bulkhead(make(connections=3), 3)
    at_once = 0
    most = 0

    async def script(peer: Peer) -> None:
        nonlocal at_once, most
        while True:
            await peer.request()
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0)
            at_once -= 1
            await peer.send(OK)

    async with serving(script) as server, asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*(transport.send(get(server.url), PATIENCE) for _ in range(30)))
    assert [answer.status for answer in answers] == [200] * 30
    assert most <= 3
    assert server.connections <= 3
