"""However a URL is spelt, it leads to no address that is not public: not one connection is made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from yarl import URL

from headrace.domain.failures import Refused
from headrace.ports import Blocked
from headrace.transport.destination import Rules
from headrace.transport.guarded import GuardedTransport
from tests.transport.canary import SILENCE, Canary, Names, canary

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPELLINGS = [
    # The loopback, as everybody writes it
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://hooks.localhost:{port}/",
    "http://127.0.0.2:{port}/",
    "http://127.255.255.254:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/",
    "http://[::]:{port}/",
    # Numbers that some systems take for addresses
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://0:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0X7F000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0x7f.1:{port}/",
    "http://127.0.0.0x1:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0177.1:{port}/",
    "http://127.0.0.01:{port}/",
    "http://00000127.0.0.1:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://127.0.0.1..:{port}/",
    "http://127..0.0.1:{port}/",
    "http://.127.0.0.1:{port}/",
    "http://4294967297:{port}/",
    "http://256.256.256.257:{port}/",
    "http://127.0.0.1.0:{port}/",
    "http://0x:{port}/",
    # IPv4 within IPv6
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://[::FFFF:127.0.0.1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[::ffff:0:127.0.0.1]:{port}/",
    "http://[64:ff9b::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[64:ff9b:1::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::1]:{port}/",
    "http://[2001:0:7f00:1::]:{port}/",
    "http://[::ffff:169.254.169.254]:{port}/",
    "http://[64:ff9b::a9fe:a9fe]:{port}/",
    "http://[2002:a9fe:a9fe::]:{port}/",
    # Metadata, private and reserved networks
    "http://169.254.169.254:{port}/latest/meta-data/",
    "http://2852039166:{port}/",
    "http://0xa9fea9fe:{port}/",
    "http://100.100.100.200:{port}/",
    "http://168.63.129.16:{port}/",
    "http://192.0.0.192:{port}/",
    "http://10.0.0.1:{port}/",
    "http://172.16.0.1:{port}/",
    "http://192.168.0.1:{port}/",
    "http://198.18.0.1:{port}/",
    "http://192.0.2.1:{port}/",
    "http://224.0.0.1:{port}/",
    "http://255.255.255.255:{port}/",
    "http://[fd00:ec2::254]:{port}/",
    "http://[fc00::1]:{port}/",
    "http://[fe80::1]:{port}/",
    "http://[fe80::1%25eth0]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[fe80::1%eth0]:{port}/",
    "http://[::1%25lo]:{port}/",
    "http://[::1%lo]:{port}/",
    "http://[fec0::1]:{port}/",
    "http://[ff02::1]:{port}/",
    "http://[2001:db8::1]:{port}/",
    # Brackets where none belong
    "http://[127.0.0.1]:{port}/",
    "http://[localhost]:{port}/",
    "http://[[::1]]:{port}/",
    "http://[::1:{port}/",
    "http://::1:{port}/",
    "http://[::1]localhost:{port}/",
    "http://localhost[::1]:{port}/",
    "http://[]:{port}/",
    "http://[v1.7f000001]:{port}/",
    # Other people's digits and dots
    "http://１２７.０.０.１:{port}/",
    "http://127。0。0。1:{port}/",
    "http://127．0．0．1:{port}/",
    "http://127｡0｡0｡1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://¹²⁷.⁰.⁰.¹:{port}/",
    "http://１２７。１:{port}/",
    "http://٠:{port}/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "http://ｌｏｃａｌｈｏｓｔ:{port}/",
    "http://loc\u00adalhost:{port}/",
    "http://local\u200bhost:{port}/",
    "http://localho\u017ft:{port}/",
    "http://127.0.0.1\u2044:{port}/",
    # Escapes
    "http://%6c%6f%63%61%6c%68%6f%73%74:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://127%2e0%2e0%2e1:{port}/",
    "http://127.0.0.1%00.example.com:{port}/",
    "http://127.0.0.1%20:{port}/",
    "http://127.0.0.1%0d%0a:{port}/",
    "http://%5b::1%5d:{port}/",
    # Another host before or after the host
    "http://example.com@127.0.0.1:{port}/",
    "http://example.com:443@127.0.0.1:{port}/",
    "http://@127.0.0.1:{port}/",
    "http://:@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@127.0.0.1:{port}/",
    "http://example.com%40127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.com/",
    "http://127.0.0.1:{port}?@example.com/",
    "http://127.0.0.1:{port}\\@example.com/",
    "http://example.com\\@127.0.0.1:{port}/",
    "http://127.0.0.1\\.example.com:{port}/",
    "http://127.0.0.1:{port}:443/",
    "http://127.0.0.1:{port}&@example.com#@example.com/",
    # Spaces, and characters that some parsers drop
    " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/ ",
    "http:// 127.0.0.1:{port}/",
    "http://127.0.0.1 :{port}/",
    "http://127.0.0.1\t:{port}/",
    "ht\ntp://127.0.0.1:{port}/",
    "http://127.0.\r\n0.1:{port}/",
    "\x00http://127.0.0.1:{port}/",
    "http://127.0.0.1\x00.example.com:{port}/",
    "http://127.0.0.1\u00a0:{port}/",
    "http://127.0.0.1\u3000:{port}/",
    "http://127.0.0.1:{port}/\ud800",
    "\ufeffhttp://127.0.0.1:{port}/",
    # Schemes and slashes
    "HTTP://127.0.0.1:{port}/",
    "hTtPs://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "https://localhost:{port}/",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "localhost:{port}/",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http:////127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}/",
    "http://",
    "http:///",
    "http://:{port}/",
    "http://?127.0.0.1:{port}/",
    "",
    "ws://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_POST",
    "file:///etc/passwd",
    "unix:///run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/",
    "data:text/plain,127.0.0.1:{port}",
    "javascript://127.0.0.1:{port}/",
    # Ports
    "http://127.0.0.1:0/",
    "http://127.0.0.1:22/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:0x1/",
    "http://127.0.0.1:/",
    "http://127.0.0.1/",
    # Names
    "http://internal.example:{port}/",
    "http://internal:{port}/",
    "http://xn--:{port}/",
    "http://xn--a-ecp.example:{port}/",
    "http://-:{port}/",
    "http://_:{port}/",
    "http://a..b:{port}/",
    "http://.:{port}/",
    "http://..:{port}/",
    "http://{long}.example:{port}/",
    "http://{long}:{port}/",
]


SOMEWHERE_ELSE = [
    "127.0.0.1",
    "127.0.0.2",
    "0.0.0.0",
    "10.0.0.1",
    "192.0.2.1",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::1",
    "fd00:ec2::254",
    "fe80::1%lo",
    "fe80::1%1",
    "::1%lo",
    "fec0::1",
    "localhost",
    "2130706433",
    "127.1",
    "",
]
"""What a name server may answer, and more."""

MIXTURES = [
    ["192.0.2.1", "::1"],
    ["::1", "192.0.2.1"],
    ["2001:db8::1", "127.0.0.1"],
    ["127.0.0.1", "::1", "127.0.0.2", "::ffff:127.0.0.1"],
    ["192.0.2.1", "198.51.100.1", "203.0.113.1", "127.0.0.1"],
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listening() -> AsyncIterator[Canary]:
    async with canary() as made:
        yield made


@pytest.fixture
def quiet(listening: Canary) -> Canary:
    """The module's canary, having heard nothing."""
    listening.connections = 0
    listening.dialled.clear()
    return listening


Rule = bool | list[str]


@asynccontextmanager
async def leading(*addresses: str, **rules: Rule) -> AsyncIterator[GuardedTransport]:
    """A transport for which every name has these addresses."""
    transport = GuardedTransport(timeout=5, resolver=Names(addresses), **rules)  # type: ignore[arg-type]
    yield transport
    await transport.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def usual() -> AsyncIterator[GuardedTransport]:
    """As it is by default, with every name leading to the canary."""
    async with leading("127.0.0.1", "::1") as transport:
        yield transport


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lenient() -> AsyncIterator[GuardedTransport]:
    """Like `usual`, but with http allowed, so that a URL's scheme is not what stops it."""
    async with leading("127.0.0.1", "::1", allow_http=True) as transport:
        yield transport


def spelt(spelling: str, port: int) -> str:
    return spelling.replace("{port}", str(port)).replace("{long}", "a" * 64)


async def test_the_table_is_long_enough() -> None:
    assert len(set(SPELLINGS)) >= 60


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_leads_to_a_connection(
    quiet: Canary, lenient: GuardedTransport, spelling: str
) -> None:
    with pytest.raises(Blocked):
        await lenient.post(spelt(spelling, quiet.port), {}, b"{}")
    assert quiet.heard == SILENCE


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_no_spelling_leads_to_a_connection_by_default(
    quiet: Canary, usual: GuardedTransport, spelling: str
) -> None:
    for url in (spelling, spelling.replace("http:", "https:", 1)):
        with pytest.raises(Blocked):
            await usual.post(spelt(url, quiet.port), {}, b"{}")
    assert quiet.heard == SILENCE


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_the_check_of_the_dialled_address_is_enough_by_itself(
    quiet: Canary, lenient: GuardedTransport, spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here nobody looks at the URL. What the client does not take for one, it refuses itself."""
    monkeypatch.setattr(Rules, "read", lambda self, url: URL(url))
    with pytest.raises((Blocked, Refused, ValueError)):
        await lenient.post(spelt(spelling, quiet.port), {}, b"{}")
    assert quiet.heard == SILENCE


@pytest.mark.parametrize("address", SOMEWHERE_ELSE)
async def test_no_answer_of_a_name_server_leads_to_a_connection(quiet: Canary, address: str) -> None:
    """Also not for an alias: the address comes under the name that was asked for."""
    async with leading(address, allow_http=True) as transport:
        with pytest.raises(Blocked) as caught:
            await transport.post(f"http://hooks.example:{quiet.port}/", {}, b"{}")
    assert caught.value.reason == "points to an address that is not public"
    assert quiet.heard == SILENCE


@pytest.mark.parametrize("addresses", MIXTURES)
async def test_no_mixture_of_addresses_leads_to_a_connection(quiet: Canary, addresses: list[str]) -> None:
    async with leading(*addresses, allow_http=True) as transport:
        with pytest.raises(Blocked):
            await transport.post(f"http://hooks.example:{quiet.port}/", {}, b"{}")
    assert quiet.heard == SILENCE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "internal.example"])
async def test_the_canary_does_hear_those_who_are_let_through(quiet: Canary, host: str) -> None:
    networks = ["127.0.0.0/8", "::1/128"]
    async with leading("127.0.0.1", allow_http=True, allow_private=networks) as transport:
        assert (await transport.post(f"http://{host}:{quiet.port}/", {}, b"{}")).status == 200
    assert (quiet.connections, len(quiet.dialled)) == (1, 1)
