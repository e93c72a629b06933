"""Requests as bytes: what the HTTP parser stops at gets the documented answers too."""

import asyncio
from email.parser import BytesHeaderParser
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.api.envelope import assert_envelope
from tests.stack import ENRICH, SEED, Reply, Stack

BODY = msgspec.json.encode({**SEED, "enrichment_type": ["email"]})
OFFERS = [
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n",
    b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n",
    b"connection: upgrade\r\nupgrade: TLS/1.0, foo\r\n",
]
INVALID = [
    b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
    b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    b"POST %b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    b"GET %b HTTP/1.1\r\nno colon here\r\n\r\n",
    b"GET %b HTTP/9.9\r\nHost: a\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


async def exchange(stack: Stack, *packets: bytes) -> list[Reply]:
    """What the server answers to these bytes, until it closes the connection."""
    address = urlsplit(stack.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for packet in packets:
        writer.write(packet)
        await writer.drain()
        await asyncio.sleep(0)  # each is read by itself
    replies = []
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            status, _, lines = head.partition(b"\r\n")
            headers = BytesHeaderParser().parsebytes(lines)
            body = await reader.readexactly(int(headers["Content-Length"]))
            replies.append(Reply(int(status.split()[1]), dict(headers.items()), body.decode()))
    except asyncio.IncompleteReadError:
        writer.close()
    return [Reply(one.status, {k.title(): v for k, v in one.headers.items()}, one.text) for one in replies]


def request(stack: Stack, method: bytes = b"POST", extra: bytes = b"", body: bytes = BODY) -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: a\r\nX-API-KEY: %b\r\n%bContent-Length: %d\r\n\r\n%b" % (
        method,
        ENRICH.encode(),
        stack.key.encode(),
        extra,
        len(body),
        body,
    )


def last(stack: Stack) -> bytes:
    """A request after which the server closes."""
    return b"GET /v2/credits HTTP/1.1\r\nX-API-KEY: %b\r\nConnection: close\r\n\r\n" % stack.key.encode()


@pytest.mark.parametrize("offer", OFFERS)
async def test_an_offer_to_speak_something_else_is_passed_over(stack: Stack, offer: bytes) -> None:
    asked = request(stack, extra=offer)
    found, credits = await exchange(stack, asked + last(stack))
    assert (found.status, found.json["email"]) == (200, "mathieu@prontohq.com")
    assert "credits" in credits.json


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("place", [20, -len(BODY), -len(BODY) + 7, -1])
async def test_also_when_it_comes_in_two_packets(stack: Stack, offer: bytes, place: int) -> None:
    asked = request(stack, extra=offer)
    found, _ = await exchange(stack, asked[:place], asked[place:], last(stack))
    assert (found.status, found.json["email"]) == (200, "mathieu@prontohq.com")


async def test_the_body_behind_an_offer_is_never_read_as_a_request(stack: Stack) -> None:
    asked = request(stack, extra=OFFERS[0], body=last(stack))
    refused, credits = await exchange(stack, asked[: -len(last(stack))], last(stack), last(stack))
    assert_envelope(refused, 400, "JSON")
    assert "credits" in credits.json


async def test_a_connection_that_offers_and_is_to_be_closed_is_closed(stack: Stack) -> None:
    offer = b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n"
    (found,) = await exchange(stack, request(stack, extra=offer))
    assert found.status == 200


@pytest.mark.parametrize("text", INVALID, ids=lambda text: text[:60])
async def test_what_is_not_http_is_refused_in_the_envelope(stack: Stack, text: bytes) -> None:
    sent = text % ENRICH.encode() if b"%b" in text else text
    (refused,) = await exchange(stack, sent)
    assert_envelope(refused, 400, "HTTP")
    assert refused.headers["Connection"] == "close"


@pytest.mark.parametrize("method", [b"FOO", b"post", b"X-Y_z"])
async def test_a_method_that_does_not_exist_is_405(stack: Stack, method: bytes) -> None:
    refused, credits = await exchange(stack, request(stack, method=method) + last(stack))
    assert_envelope(refused, 405, method.decode())
    assert refused.headers["Allow"] == "POST, OPTIONS"
    assert "credits" in credits.json


@pytest.mark.parametrize("after", [b"FOO / HTTP/1.1\r\n\r\n", b"X\r\n", b"\x00"])
async def test_what_follows_a_request_and_is_none_is_refused_once(stack: Stack, after: bytes) -> None:
    *_, refused = await exchange(stack, request(stack) + after)
    assert_envelope(refused, 400, "HTTP")


async def test_a_method_that_does_not_exist_is_named_beside_an_offer_too(stack: Stack) -> None:
    refused, _ = await exchange(stack, request(stack, method=b"FOO", extra=OFFERS[0]) + last(stack))
    assert_envelope(refused, 405, "FOO")


async def test_a_tunnel_is_refused(stack: Stack) -> None:
    (refused,) = await exchange(stack, b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
    assert_envelope(refused, 405, "CONNECT")
