"""What a server says reaches its client whole, at once, and in order."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.cli.background import BackgroundServer

BODY = b"x" * 10_000
CONTENT = BODY + b"the end"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers with what it was sent, or with `CONTENT` in two parts."""
    if scope["type"] != "http":
        return
    body = (await receive())["body"]
    parts = [body] if body else [BODY, CONTENT[len(BODY) :]]
    length = str(sum(map(len, parts))).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    for at, part in enumerate(parts, 1):
        await send({"type": "http.response.body", "body": part, "more_body": at < len(parts)})


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with BackgroundServer(app) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connected:
            yield connected


def request(method: bytes, body: bytes = b"", extra: bytes = b"") -> bytes:
    return b"%s / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%s\r\n%s" % (method, len(body), extra, body)


def until(client: socket.socket, ending: bytes) -> bytes:
    """What arrives, as far as `ending` or the end."""
    said = b""
    while not said.endswith(ending) and (more := client.recv(65_536)):
        said += more
    return said


def test_head_and_body_arrive_together(client: socket.socket) -> None:
    for _ in range(20):
        client.sendall(request(b"POST", b"hello"))
        said = client.recv(65_536)
        assert said.startswith(b"HTTP/1.1 200 OK\r\n")
        assert said.endswith(b"\r\n\r\nhello")


def test_the_parts_of_a_body_arrive_in_order(client: socket.socket) -> None:
    client.sendall(request(b"GET"))
    assert until(client, b"the end").endswith(b"\r\n\r\n" + CONTENT)


def test_answers_to_requests_sent_at_once_arrive_in_order(client: socket.socket) -> None:
    client.sendall(b"".join(request(b"POST", b"number %d." % number) for number in range(10)))
    said = until(client, b"number 9.")
    assert [part.partition(b".")[0] for part in said.split(b"number ")[1:]] == [
        b"%d" % number for number in range(10)
    ]


def test_an_answer_without_a_body_is_not_kept_back(client: socket.socket) -> None:
    client.sendall(request(b"HEAD"))
    said = until(client, b"\r\n\r\n")
    assert b"content-length: %d\r\n" % len(CONTENT) in said


def test_a_client_that_asks_whether_to_go_on_is_told_so(client: socket.socket) -> None:
    asking = request(b"POST", b"hello", b"Expect: 100-continue\r\n").removesuffix(b"hello")
    client.sendall(asking)
    assert until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"hello")
    assert until(client, b"hello").endswith(b"\r\n\r\nhello")


def test_what_was_said_last_arrives_before_the_end(client: socket.socket) -> None:
    client.sendall(request(b"GET", extra=b"Connection: close\r\n"))
    said = until(client, b"nothing ends like this")
    assert said.endswith(CONTENT)


def test_what_is_no_request_is_told_so(client: socket.socket) -> None:
    client.sendall(b"\x00\x01 nonsense\r\n\r\n")
    assert until(client, b"nothing ends like this").startswith(b"HTTP/1.1 400 ")
