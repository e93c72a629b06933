"""What the guarded transport delivers, and to whom."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from headrace.domain.failures import Failure, Refused
from headrace.ports import Blocked, Delivered
from headrace.transport.destination import check_url
from headrace.transport.guarded import GuardedTransport
from tests.transport.canary import SILENCE, Names, canary
from tests.transport.conftest import Authority
from tests.transport.servers import OK, PATIENCE, Peer, reply, saying, serving, silent

LOOPBACK = ["127.0.0.0/8", "::1/128"]
HEADERS = {"webhook-id": "msg_1", "webhook-signature": "v1,c2lnbmF0dXJl"}
BODY = b'{"name": "Zo\xc3\xab", "n": 1.50 }\n'

Open = Callable[..., GuardedTransport]
"""Takes what the constructor takes; the loopback is private, and http allowed, unless it says otherwise."""


@pytest_asyncio.fixture
async def opened() -> AsyncIterator[Open]:
    made: list[GuardedTransport] = []

    def new(**settings: object) -> GuardedTransport:
        usual = {"timeout": PATIENCE, "allow_http": True, "allow_private": LOOPBACK}
        made.append(GuardedTransport(**{**usual, **settings}))  # type: ignore[arg-type]
        return made[-1]

    yield new
    for transport in made:
        await transport.aclose()


# What arrives


async def test_path_headers_and_body_arrive_as_given(opened: Open) -> None:
    async with serving(saying(OK)) as server:
        await opened().post(f"{server.url}/hook?a=1&b=%2B#part", HEADERS, BODY)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert head.startswith(b"POST /hook?a=1&b=%2B HTTP/1.1\r\n")
    assert body == BODY
    assert b"webhook-id: msg_1" in lines
    assert b": v1,c2lnbmF0dXJl\r\n" in head
    assert b"accept-encoding: identity" in lines
    assert b"content-type: application/json" in lines
    assert f"host: 127.0.0.1:{server.port}".encode() in lines


@pytest.mark.parametrize("status", [200, 201, 202, 204, 222, 400, 404, 410, 429, 500, 503, 599])
async def test_every_status_is_handed_on(opened: Open, status: int) -> None:
    async with serving(saying(reply(b"", status=f"{status} Whatever"))) as server:
        assert await opened().post(server.url, HEADERS, BODY) == Delivered(status, None)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Retry-After: 120", "120"),
        ("RETRY-AFTER: Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"),
        ("Retry-After: soon", "soon"),
        ("Retry-After:", None),
        ("Retry-After: \xb2", None),
        ("Retry-After: " + "9" * 4000, None),
    ],
)
async def test_retry_after_comes_as_it_is_unless_it_is_no_header(
    opened: Open, header: str, expected: str | None
) -> None:
    async with serving(saying(reply(b"", header, status="503 Busy"))) as server:
        assert await opened().post(server.url, HEADERS, BODY) == Delivered(503, expected)


async def test_a_cookie_is_never_sent_back(opened: Open) -> None:
    transport = opened()
    async with serving(saying(reply(b"", "Set-Cookie: session=1; Path=/"))) as server:
        for _ in range(2):
            await transport.post(f"http://localhost:{server.port}/", HEADERS, BODY)
    assert len(server.requests) == 2
    assert b"cookie:" not in server.requests[1].lower()


async def test_one_connection_serves_deliveries_one_after_another(opened: Open) -> None:
    transport = opened()
    async with serving(saying(reply(b"thank you"))) as server:
        for _ in range(20):
            await transport.post(server.url, HEADERS, BODY)
    assert (len(server.requests), server.connections) == (20, 1)


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with serving(saying(OK)) as proxy, serving(saying(OK)) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        await opened().post(server.url, HEADERS, BODY)
    assert proxy.connections == 0
    assert b"authorization" not in server.requests[0].lower()


# Who is reached


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_leads_nowhere(opened: Open, status: int) -> None:
    async with serving(saying(OK)) as elsewhere:
        moved = reply(b"", f"Location: {elsewhere.url}/", status=f"{status} Moved")
        async with serving(saying(moved)) as server:
            assert (await opened().post(server.url, HEADERS, BODY)).status == status
    assert (elsewhere.connections, len(server.requests)) == (0, 1)


async def test_only_the_networks_that_are_listed_are_let_through(opened: Open) -> None:
    transport = opened(allow_private=["127.0.0.2/31", "10.0.0.0/8"])
    async with canary() as heard:
        with pytest.raises(Blocked):
            await transport.post(f"http://127.0.0.1:{heard.port}/", HEADERS, BODY)
        assert heard.heard == SILENCE
        with pytest.raises(Refused):  # nobody listens there
            await transport.post(f"http://127.0.0.3:{heard.port}/", HEADERS, BODY)
        assert heard.dialled == [("127.0.0.3", heard.port)]


async def test_a_name_is_reached_at_the_one_of_its_addresses_that_may_be_dialled(opened: Open) -> None:
    transport = opened(resolver=Names(["::1", "192.0.2.1", "127.0.0.1"]), allow_private=["127.0.0.1/32"])
    async with canary() as heard:
        assert (await transport.post(f"http://hooks.example:{heard.port}/", {}, b"")).status == 200
        assert heard.dialled == [("127.0.0.1", heard.port)]


async def test_a_name_is_not_blocked_while_an_address_that_may_be_dialled_does_not_answer(
    opened: Open,
) -> None:
    """Such a delivery is worth another attempt; a blocked one is not."""
    transport = opened(resolver=Names(["127.0.0.2", "192.0.2.1", "192.0.2.2"]))
    async with canary() as heard:
        with pytest.raises(Refused) as caught:
            await transport.post(f"http://hooks.example:{heard.port}/", {}, b"")
        assert heard.dialled == [("127.0.0.2", heard.port)]
    assert caught.value.failure is Failure.CONNECT_FAILED


@pytest.mark.parametrize("answers", [("192.0.2.1", "127.0.0.2"), ("127.0.0.2", "192.0.2.1")])
async def test_an_address_that_was_not_allowed_at_first_is_not_later(
    opened: Open, answers: tuple[str, str]
) -> None:
    names = Names(*([answer] for answer in answers))
    async with canary() as heard:
        for _ in answers:  # with a transport each, as none asks for a name again within seconds
            with pytest.raises(Blocked):
                await opened(resolver=names, allow_private=["127.0.0.1/32"]).post(
                    f"http://hooks.example:{heard.port}/", {}, b""
                )
        assert heard.heard == SILENCE
    assert len(names.asked) == 2


async def test_a_name_that_was_allowed_is_checked_again_whenever_it_is_dialled(opened: Open) -> None:
    """The name server answers once with an allowed address and from then on with another one."""
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    transport = opened(resolver=names, allow_private=["127.0.0.1/32"])
    async with canary() as heard:
        url = f"http://hooks.example:{heard.port}/"
        assert (await transport.post(url, {}, b"")).status == 200
        assert transport._session
        transport._session.connector.clear_dns_cache()  # type: ignore[union-attr]
        with pytest.raises(Blocked):
            await transport.post(url, {}, b"")
        assert heard.dialled == [("127.0.0.1", heard.port)]
    assert len(names.asked) == 2


async def test_a_service_port_is_dialled_only_in_a_private_network(opened: Open) -> None:
    url = "http://hooks.example:6379/"
    async with canary() as heard:
        with pytest.raises(Blocked):
            await opened(resolver=Names(["127.0.0.1"]), allow_private=[]).post(url, {}, b"")
        with pytest.raises(Blocked) as caught:
            await opened(resolver=Names(["1.1.1.1"]), allow_private=["127.0.0.2/32"]).post(url, {}, b"")
        assert heard.heard == SILENCE
    assert caught.value.reason == "must not use port 6379, where Redis listens"


# Names


async def test_the_systems_own_names_are_known(opened: Open) -> None:
    async with serving(saying(OK)) as server:
        answer = await opened().post(f"http://localhost:{server.port}/", HEADERS, BODY)
    assert answer.status == 200


async def test_a_name_without_an_address_is_connect_failed(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Refused) as caught:
        await opened().post("http://nobody.example/", HEADERS, BODY)
    assert caught.value.failure is Failure.CONNECT_FAILED


async def test_names_that_are_slow_to_look_up_hold_up_no_other(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor anything else: more of them than the event loop has threads are being looked up."""
    over = threading.Event()
    really = socket.getaddrinfo

    def slow(host: str, *args: object, **options: object) -> object:
        if host.endswith(".slow.example"):
            over.wait(PATIENCE)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return really(host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    transport = opened()
    waiting = [
        asyncio.create_task(transport.post(f"http://n{n}.slow.example/", HEADERS, BODY)) for n in range(40)
    ]
    async with serving(saying(OK)) as server, asyncio.timeout(PATIENCE):
        assert (await transport.post(f"http://localhost:{server.port}/", HEADERS, BODY)).status == 200
        assert await asyncio.to_thread(lambda: "done") == "done"
    assert not any(task.done() for task in waiting)
    over.set()
    failures = [
        refused.failure
        for refused in await asyncio.gather(*waiting, return_exceptions=True)
        if isinstance(refused, Refused)
    ]
    assert failures == [Failure.CONNECT_FAILED] * 40


# TLS


async def test_https_is_spoken_with_those_who_prove_their_name(opened: Open, authority: Authority) -> None:
    async with serving(saying(OK), authority.server()) as server:
        transport = opened(ca_file=authority.file, allow_http=False)
        assert (await transport.post(server.url, HEADERS, BODY)).status == 200
    assert server.requests[0].endswith(BODY)


@pytest.mark.parametrize("name", ["elsewhere.example", "*.localhost", "127.0.0.2"])
async def test_a_certificate_for_another_name_is_refused(
    opened: Open, authority: Authority, name: str
) -> None:
    async with serving(saying(OK), authority.server(name)) as server:
        with pytest.raises(Refused) as caught:
            await opened(ca_file=authority.file).post(server.url, HEADERS, BODY)
    assert caught.value.failure is Failure.TLS_FAILED
    assert not server.requests


async def test_an_unknown_authority_is_not_trusted(
    opened: Open, authority: Authority, stranger: Authority
) -> None:
    async with serving(saying(OK), stranger.server()) as server:
        with pytest.raises(Refused) as caught:
            await opened(ca_file=authority.file).post(server.url, HEADERS, BODY)
    assert caught.value.failure is Failure.TLS_FAILED
    assert not server.requests


# Side by side


async def test_a_hanging_host_holds_up_itself_only(opened: Open) -> None:
    transport = opened(per_host=2, connections=3)
    async with serving(silent) as hanging, serving(saying(OK)) as good, asyncio.timeout(PATIENCE):
        stuck = [asyncio.create_task(transport.post(hanging.url, HEADERS, BODY)) for _ in range(20)]
        for _ in range(20):
            assert (await transport.post(good.url, HEADERS, BODY)).status == 200
        assert hanging.connections == 2
        for task in stuck:
            task.cancel()
        await asyncio.wait(stuck)
        await hanging.lost_one()


async def test_deliveries_to_one_host_run_on_so_many_connections_at_most(opened: Open) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await asyncio.sleep(0)
            await peer.send(OK)

    transport = opened(per_host=3)
    async with serving(script) as server:
        answers = await asyncio.gather(*(transport.post(server.url, HEADERS, BODY) for _ in range(50)))
    assert [answer.status for answer in answers] == [200] * 50
    assert server.connections == 3


def test_a_network_that_is_none_is_an_error_at_once() -> None:
    for network in ("10.1.2.3/8", "somewhere", "127.0.0.1/33"):
        with pytest.raises(ValueError, match=network):
            GuardedTransport(allow_private=[network])
        with pytest.raises(ValueError, match=network):
            check_url("https://hooks.example/", allow_http=False, allow_private=[network])
