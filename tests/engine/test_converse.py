"""A conversation with a vendor over real sockets, and the name of everything that can go wrong in it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace
from structlog.testing import capture_logs

from headrace.domain.failures import Failure, Refused, Unsent
from headrace.domain.model import Contact, Failed, Field, Found, Missing, Needs, Skipped
from headrace.engine.clock import SystemClock
from headrace.engine.converse import Reply, Told, converse
from headrace.engine.stopwatch import Stopwatch
from headrace.engine.vendor import Vendor
from headrace.ports import OutboundRequest, Response, Transport
from headrace.providers.base import Conversation, Rate, Request, Wait
from headrace.transport.pyreqwest import PyreqwestTransport
from tests.engine.clocks import HandClock
from tests.transport.servers import PATIENCE, Peer, reply, saying, serving, silent

ADDRESS = "jane@acme.example"
FOUND = Found((ADDRESS,), cost=1.0)
Talk = Callable[[], Conversation[Told]]


@dataclass(frozen=True)
class Toy:
    """An adapter without a vendor; the tests bring its conversations along."""

    name = "toy"
    base_url = "http://127.0.0.1"
    finds: Mapping[Field, Needs] = None  # type: ignore[assignment]
    together: frozenset[Field] = frozenset()
    one_price = False
    rates: Mapping[str, Rate] = None  # type: ignore[assignment]
    concurrency = 1
    timeout = 1.0

    def headers(self) -> Mapping[str, str]:
        return {"x-api-key": "secret-5f2c"}

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Any]:
        raise NotImplementedError


@pytest_asyncio.fixture
async def transport() -> AsyncIterator[Transport]:
    made = PyreqwestTransport()
    yield made
    await made.aclose()


def vendor(url: str, timeout: float = PATIENCE) -> Vendor:
    adapter: Any = Toy()
    return Vendor(adapter, url, adapter.headers(), timeout)


async def talk(transport: Transport, url: str, conversation: Talk, seconds: float = PATIENCE) -> Reply:
    async with asyncio.timeout(PATIENCE):
        return await converse(vendor(url, seconds), conversation(), transport, Stopwatch(SystemClock()))


def ask_once() -> Conversation[Found | Missing]:
    """One question; 200 is a hit, 404 a miss."""
    response = yield Request("POST", "/find", body={"name": "Jane"})
    return Missing() if response.expect(200, 404).status == 404 else FOUND


def in_turn(server_replies: list[bytes]) -> Callable[[Peer], Any]:
    """Gives each request on any connection the next reply."""
    left = list(server_replies)

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(left.pop(0))

    return script


async def test_what_the_adapter_returns_is_what_was_told(transport: Transport) -> None:
    async with serving(saying(reply(b"{}"))) as server:
        answer = await talk(transport, server.url, ask_once)
    assert answer == Reply(FOUND, http_status=200)
    assert server.requests[0].startswith(b"POST /find HTTP/1.1\r\n")
    assert b"x-api-key: secret-5f2c" in server.requests[0].lower()
    assert server.requests[0].endswith(b'{"name":"Jane"}')


async def test_a_miss_is_told_with_its_status(transport: Transport) -> None:
    async with serving(saying(reply(b"{}", status="404 Not Found"))) as server:
        assert await talk(transport, server.url, ask_once) == Reply(Missing(), http_status=404)


async def test_a_base_url_with_a_path_stands_before_the_vendors_own_path(transport: Transport) -> None:
    async with serving(saying(reply(b"{}"))) as server:
        await talk(transport, f"{server.url}/behind/a/gateway", ask_once)
    assert server.requests[0].startswith(b"POST /behind/a/gateway/find ")


async def test_a_query_is_written_so_that_nothing_can_be_added_to_it(transport: Transport) -> None:
    def conversation() -> Conversation[Found]:
        yield Request("GET", "/find", query={"name": "a&b=c d\r\nX: 1", "é": "ü"})
        return FOUND

    async with serving(saying(reply(b"{}"))) as server:
        await talk(transport, server.url, conversation)
    line = server.requests[0].split(b"\r\n")[0]
    assert line == b"GET /find?name=a%26b%3Dc+d%0D%0AX%3A+1&%C3%A9=%C3%BC HTTP/1.1"


async def test_a_vendor_is_polled_until_it_is_ready(transport: Transport) -> None:
    def conversation() -> Conversation[Found | Missing]:
        for _ in range(5):
            response = yield Request("GET", "/job")
            if response.expect(200, 202).status == 200:
                return FOUND
            yield Wait(0)
        return Missing()

    working, ready = reply(b"{}", status="202 Accepted"), reply(b"{}")
    async with serving(in_turn([working, working, working, ready])) as server:
        answer = await talk(transport, server.url, conversation)
    assert (answer.told, answer.http_status, len(server.requests)) == (FOUND, 200, 4)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (201, Failure.UNEXPECTED_STATUS),
        (301, Failure.REDIRECT),
        (400, Failure.REQUEST_REFUSED),
        (401, Failure.BAD_KEY),
        (402, Failure.OUT_OF_CREDITS),
        (403, Failure.ACCOUNT_RESTRICTED),
        (422, Failure.REQUEST_REFUSED),
        (429, Failure.RATE_LIMITED),
        (500, Failure.SERVER_ERROR),
        (503, Failure.SERVER_ERROR),
    ],
)
async def test_a_status_that_was_not_expected_has_a_name_and_is_not_asked_again(
    transport: Transport, status: int, failure: Failure
) -> None:
    async with serving(saying(reply(b"{}", "Retry-After: 7", status=f"{status} No"))) as server:
        answer = await talk(transport, server.url, ask_once)
    assert answer == Reply(Failed(failure), failure, 7.0, status)
    assert len(server.requests) == 1


@pytest.mark.parametrize("failure", Failure)
async def test_what_an_adapter_refuses_is_handed_on_by_name(transport: Transport, failure: Failure) -> None:
    def conversation() -> Conversation[Found]:
        yield Request("GET", "/find")
        raise Refused(failure, 2.5)

    async with serving(saying(reply(b"{}"))) as server:
        answer = await talk(transport, server.url, conversation)
    assert answer == Reply(Failed(failure), failure, 2.5, 200)


@pytest.mark.parametrize("body", [b"", b"nonsense", b'{"email": 1}', b"\xff", b"[" * 100_000, b"1" * 100_000])
async def test_a_body_of_another_shape_is_malformed(transport: Transport, body: bytes) -> None:
    def conversation() -> Conversation[Found]:
        response = yield Request("GET", "/find")
        return Found((response.decode(dict[str, str])["email"],))

    async with serving(saying(reply(body))) as server:
        answer = await talk(transport, server.url, conversation)
    assert answer.failure is Failure.MALFORMED_RESPONSE


async def test_a_rehearsal_is_recognised_by_its_header(transport: Transport) -> None:
    async with serving(saying(reply(b"{}", "X-Headrace-Sandbox: true"))) as server:
        assert (await talk(transport, server.url, ask_once)).sandbox


# Connections and time


class Counting:
    """A transport that counts what it is asked to send."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.sent = 0

    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        self.sent += 1
        return await self.inner.send(request, seconds)

    async def aclose(self) -> None: ...


async def test_a_connection_that_never_came_about_is_tried_twice(transport: Transport) -> None:
    counting = Counting(transport)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        answer = await talk(counting, f"http://127.0.0.1:{closed.getsockname()[1]}", ask_once)
    assert answer == Reply(Failed(Failure.CONNECT_FAILED), Failure.CONNECT_FAILED)
    assert counting.sent == 2


async def test_the_second_try_may_succeed(transport: Transport) -> None:
    class Stumbling(Counting):
        async def send(self, request: OutboundRequest, seconds: float) -> Response:
            if self.sent == 0:
                self.sent += 1
                raise Refused(Failure.CONNECT_FAILED)
            return await super().send(request, seconds)

    async with serving(saying(reply(b"{}"))) as server:
        assert (await talk(Stumbling(transport), server.url, ask_once)).told == FOUND


class Turns:
    """So many requests may follow the first one."""

    def __init__(self, left: int) -> None:
        self.left = left

    async def __call__(self, seconds: float) -> None:
        assert 0 < seconds <= PATIENCE
        if not self.left:
            raise Unsent("rate_limited_here")
        self.left -= 1


async def test_each_request_after_the_first_waits_for_a_turn(transport: Transport) -> None:
    def for_ever() -> Conversation[Found]:
        while True:
            yield Request("GET", "/job")
            yield Wait(0)

    async with serving(saying(reply(b"{}", status="202 Accepted"))) as server, asyncio.timeout(PATIENCE):
        answer = await converse(
            vendor(server.url), for_ever(), transport, Stopwatch(SystemClock()), Turns(left=3)
        )
    assert answer == Reply(Skipped("rate_limited_here"), http_status=202)
    assert len(server.requests) == 4


async def test_the_second_try_waits_for_a_turn_too(transport: Transport) -> None:
    counting = Counting(transport)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        toy = vendor(f"http://127.0.0.1:{closed.getsockname()[1]}")
        answer = await converse(toy, ask_once(), counting, Stopwatch(SystemClock()), Turns(left=0))
    assert answer == Reply(Skipped("rate_limited_here"))
    assert counting.sent == 1


async def test_what_a_request_waited_for_a_connection_of_ours_is_none_of_the_vendors_time(
    transport: Transport,
) -> None:
    clock, given = HandClock(), list[float]()

    class Crowded(Counting):
        """Has a line, in which each request waits; the first finds no connection at its end."""

        async def send(self, request: OutboundRequest, seconds: float) -> Response:
            given.append(seconds)
            clock.move(PATIENCE)
            if len(given) == 1:
                refused = Refused(Failure.CONNECT_FAILED)
                refused.waited = PATIENCE
                raise refused
            return replace(await super().send(request, seconds), waited=PATIENCE)

    def twice() -> Conversation[Found]:
        yield Request("GET", "/job")
        yield Request("GET", "/job")
        return FOUND

    async with serving(saying(reply(b"{}"))) as server:
        answer = await converse(vendor(server.url), twice(), Crowded(transport), Stopwatch(clock))
    assert answer.told == FOUND
    assert given == [PATIENCE] * 3


async def _hang_up(peer: Peer) -> None:
    await peer.request()


async def _hang_up_within_body(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")


async def _reset(peer: Peer) -> None:
    await peer.request()
    peer.reset()


@pytest.mark.parametrize("script", [_hang_up, _hang_up_within_body, _reset])
async def test_what_broke_after_it_was_sent_is_never_sent_again(
    transport: Transport, script: Callable[[Peer], Any]
) -> None:
    async with serving(script) as server:
        answer = await talk(transport, server.url, ask_once)
        assert answer.failure is Failure.CONNECTION_LOST
        await server.lost_one()
    assert (len(server.requests), server.connections) == (1, 1)


async def test_a_vendor_that_never_answers_is_cut_off(transport: Transport) -> None:
    async with serving(silent) as server:
        answer = await talk(transport, server.url, ask_once, 0.1)
        await server.lost_all()
    assert answer == Reply(Failed(Failure.TIMEOUT), Failure.TIMEOUT)


async def test_the_deadline_is_for_the_whole_conversation(transport: Transport) -> None:
    clock = HandClock()

    def for_ever() -> Conversation[Found]:
        while True:
            yield Request("GET", "/job")
            yield Wait(0.01)

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            clock.move(0.4 * PATIENCE)
            await peer.send(reply(b"{}", status="202 Accepted"))

    async with serving(script) as server, asyncio.timeout(PATIENCE):
        answer = await converse(vendor(server.url), for_ever(), transport, Stopwatch(clock))
    assert (answer.failure, answer.http_status) == (Failure.TIMEOUT, 202)
    assert len(server.requests) == 3


async def test_a_request_has_as_long_as_the_conversation_has_left(transport: Transport) -> None:
    """The deadline is close when it is sent; a vendor that is silent is cut off there."""
    clock = HandClock()

    def conversation() -> Conversation[Found]:
        clock.move(3 * PATIENCE - 0.1)
        yield Request("GET", "/job")
        return FOUND

    async with serving(silent) as server, asyncio.timeout(PATIENCE):
        asked = vendor(server.url, 3 * PATIENCE)
        answer = await converse(asked, conversation(), transport, Stopwatch(clock))
    assert answer.failure is Failure.TIMEOUT


async def test_a_pause_that_would_outlast_the_deadline_is_not_begun(transport: Transport) -> None:
    def patient() -> Conversation[Found]:
        yield Request("GET", "/job")
        yield Wait(3600)
        return FOUND

    async with serving(saying(reply(b"{}"))) as server:
        assert (await talk(transport, server.url, patient)).failure is Failure.TIMEOUT


async def test_only_time_spent_with_the_vendor_is_counted(transport: Transport) -> None:
    clock = HandClock()
    stopwatch = Stopwatch(clock)

    def conversation() -> Conversation[Found]:
        clock.move(1)
        yield Request("GET", "/find")
        clock.move(1)
        return FOUND

    async def script(peer: Peer) -> None:
        await peer.request()
        clock.move(3)
        await peer.send(reply(b"{}"))

    async with serving(script) as server:
        await converse(vendor(server.url), conversation(), transport, stopwatch)
    assert stopwatch.seconds == 3


async def test_a_pause_that_the_vendor_asked_for_is_time_spent_with_it() -> None:
    clock = HandClock()
    stopwatch = Stopwatch(clock)

    def conversation() -> Conversation[Found]:
        yield Wait(0)
        return FOUND

    async def pass_time() -> None:
        clock.move(2)

    async with asyncio.TaskGroup() as group:
        told = group.create_task(converse(vendor("http://127.0.0.1:1"), conversation(), _NOBODY, stopwatch))
        group.create_task(pass_time())
    assert told.result().told == FOUND
    assert stopwatch.seconds == 2


class _Nobody:
    async def send(self, request: OutboundRequest, seconds: float) -> Response:
        raise AssertionError

    async def aclose(self) -> None: ...


_NOBODY = _Nobody()


# Mistakes of ours


async def test_an_adapter_that_stumbles_is_malformed_and_the_log_holds_neither_body_nor_text(
    transport: Transport,
) -> None:
    def clumsy() -> Conversation[Found]:
        response = yield Request("GET", "/find")
        raise KeyError(f"{ADDRESS} in {response.body!r}")

    with capture_logs() as lines:
        async with serving(saying(reply(ADDRESS.encode(), "X-Secret: secret-5f2c"))) as server:
            answer = await talk(transport, server.url, clumsy)
    assert answer == Reply(Failed(Failure.MALFORMED_RESPONSE), Failure.MALFORMED_RESPONSE, None, 200)
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("adapter_stumbled", "error")
    assert (line["provider"], line["error"]) == ("toy", "KeyError")
    assert line["at"].startswith("test_converse.py:")
    assert "acme" not in repr(line)
    assert "secret" not in repr(line)


@pytest.mark.parametrize("bug", [ValueError, RecursionError, UnicodeError, ZeroDivisionError, AssertionError])
async def test_no_mistake_of_an_adapter_gets_out(transport: Transport, bug: type[Exception]) -> None:
    def clumsy() -> Conversation[Found]:
        yield Wait(0)
        raise bug

    with capture_logs():
        answer = await talk(transport, "http://127.0.0.1:1", clumsy)
    assert answer.failure is Failure.MALFORMED_RESPONSE


async def test_a_request_that_cannot_be_sent_is_a_failure_and_no_crash(transport: Transport) -> None:
    def impossible() -> Conversation[Found]:
        yield Request("GET", "/find", body={"value": object()})
        return FOUND

    with capture_logs():
        answer = await talk(transport, "http://127.0.0.1:1", impossible)
    assert answer.failure is Failure.MALFORMED_RESPONSE


async def test_a_call_that_we_give_up_is_given_up_and_not_called_a_failure(transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.until_gone()

    async with serving(script) as server:
        task = asyncio.create_task(talk(transport, server.url, ask_once))
        await server.received(1)
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()


def test_the_key_does_not_show_when_a_vendor_is_printed() -> None:
    assert "secret-5f2c" not in repr(vendor("http://127.0.0.1:1"))
