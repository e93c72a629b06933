"""Every scripted fault, as a client on the other end of the socket sees it."""

import asyncio
import json
import zlib
from typing import Any

import aiohttp
import pytest

from tests.faults.waiting import until

from .client import HEADERS, Client

pytestmark = pytest.mark.asyncio

EMAIL = "/leadmagic/v1/people/email-finder"
WHO = {"first_name": "Mathieu", "last_name": "Brun-Picard", "domain": "prontohq.com"}
MATHIEU = "mathieu@prontohq.com"
PROFILE = "https://www.linkedin.com/in/mathieu-brun-picard/"


async def ask(client: Client) -> Any:
    return await client.vendor(EMAIL, WHO)


async def still_well(client: Client) -> None:
    """The fault was used up, nothing was charged for it, and the server goes on."""
    assert (await client.control("spent"))["leadmagic"] == 0
    assert (await ask(client)).json["email"] == MATHIEU
    assert (await client.control("calls"))["leadmagic"] == {"email": 2}


async def test_timeout(client: Client) -> None:
    await client.fault("leadmagic", "email", "timeout")
    asking = asyncio.create_task(ask(client))

    async def arrived() -> bool:
        return bool((await client.control("calls"))["leadmagic"])

    await until(arrived)  # time for the way there is not what this is about
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asking, 0.2)
    await still_well(client)


async def test_reset(client: Client) -> None:
    await client.fault("leadmagic", "email", "reset")
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await ask(client)
    await still_well(client)


async def test_reset_is_a_tcp_reset(client: Client) -> None:
    await client.fault("leadmagic", "email", "reset")
    host, port = client.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps(WHO).encode()
    head = f"POST {EMAIL} HTTP/1.1\r\nHost: x\r\nX-API-Key: k\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_slow_body(client: Client) -> None:
    await client.fault("leadmagic", "email", "slow_body")
    headers = HEADERS["leadmagic"]
    async with client.session.post(client.base + EMAIL, json=WHO, headers=headers) as reply:
        assert reply.status == 200
        assert await reply.content.readexactly(1) == b"{"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reply.read(), 0.1)
    await still_well(client)


async def test_huge_body(client: Client) -> None:
    await client.fault("leadmagic", "email", "huge_body")
    size = 0
    async with client.session.post(client.base + EMAIL, json=WHO, headers=HEADERS["leadmagic"]) as reply:
        async for chunk in reply.content.iter_any():
            size += len(chunk)
    assert size > 20_000_000
    await still_well(client)


async def test_huge_body_ends_with_its_reader(client: Client) -> None:
    await client.fault("leadmagic", "email", "huge_body")
    async with client.session.post(client.base + EMAIL, json=WHO, headers=HEADERS["leadmagic"]) as reply:
        await reply.content.readany()
        reply.close()
    await still_well(client)


async def test_gzip_bomb(sandbox_url: str, client: Client) -> None:
    await client.fault("leadmagic", "email", "gzip_bomb")
    async with (
        aiohttp.ClientSession(auto_decompress=False) as plain,
        plain.post(sandbox_url + EMAIL, json=WHO, headers=HEADERS["leadmagic"]) as reply,
    ):
        assert reply.headers["Content-Encoding"] == "gzip"
        wire = await reply.read()
    assert len(wire) < 1_000_000
    assert zlib.decompressobj(31).decompress(wire, 20) == b'{"email":"aaaaaaaaaa'
    assert decoded_size(wire) > 300_000_000
    await still_well(client)


def decoded_size(wire: bytes) -> int:
    """The decoded length, found without holding it; the checksum is verified on the way."""
    inflate, size, rest = zlib.decompressobj(31), 0, wire
    while not inflate.eof:
        size += len(inflate.decompress(rest, 1 << 20))
        rest = inflate.unconsumed_tail
    return size


@pytest.mark.parametrize("vendor", ["leadmagic", "airscale", "hunter", "prospeo", "findymail", "pronto"])
@pytest.mark.parametrize("fault", ["malformed_json", "wrong_type", "html", "invalid_utf8"])
async def test_bodies_that_cannot_be_read(client: Client, vendor: str, fault: str) -> None:
    await client.fault(vendor, "email", fault)
    answer = await raw(client, vendor)
    assert answer[0] == 200
    assert (answer[1] == "text/html") == (fault == "html")
    if fault == "wrong_type":
        assert MATHIEU not in answer[2].decode()
        assert json.loads(answer[2])
    else:
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            json.loads(answer[2])
    if fault == "invalid_utf8":
        json.loads(answer[2].decode("utf-8", "replace"))
    assert set((await client.control("spent")).values()) == {0}


async def test_wrong_type_of_a_verifier(client: Client) -> None:
    await client.fault("findymail", "verify", "wrong_type")
    answer = await client.vendor("/findymail/api/verify", {"email": MATHIEU})
    assert answer.json == {"email": 42, "verified": "perhaps", "provider": 42}


async def raw(client: Client, vendor: str) -> tuple[int, str, bytes]:
    """A documented e-mail question to any vendor, its body unread."""
    path, given = QUESTIONS[vendor]
    method = "GET" if vendor == "hunter" else "POST"
    more: dict[str, Any] = {"params": given} if vendor == "hunter" else {"json": given}
    headers = HEADERS[vendor]
    async with client.session.request(method, client.base + path, headers=headers, **more) as reply:
        return reply.status, reply.content_type, await reply.read()


QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "leadmagic": (EMAIL, WHO),
    "airscale": ("/airscale/v1/email", {"linkedin_profile_url": PROFILE}),
    "hunter": ("/hunter/v2/email-finder", WHO),
    "prospeo": ("/prospeo/enrich-person", {"data": {"linkedin_url": PROFILE}}),
    "findymail": ("/findymail/api/search/name", {"name": "Mathieu Brun-Picard", "domain": "prontohq.com"}),
    "pronto": (
        "/pronto/v2/contacts/single_enrich",
        {
            "firstname": "Mathieu",
            "lastname": "Brun-Picard",
            "domain": "prontohq.com",
            "enrichment_type": ["email"],
        },
    ),
}

OWN_WORDS = [
    ("leadmagic", "http_500", 500, ""),
    ("leadmagic", "http_503", 503, ""),
    ("leadmagic", "rate_limited", 429, ""),
    ("leadmagic", "out_of_credits", 402, ""),
    ("leadmagic", "bad_key", 401, "invalid_api_key"),
    ("leadmagic", "miss", 200, '"email":null'),
    ("airscale", "rate_limited", 429, ""),
    ("airscale", "out_of_credits", 403, ""),
    ("airscale", "bad_key", 401, ""),
    ("airscale", "miss", 200, '"status":"not_found","email":null'),
    ("hunter", "rate_limited", 403, "errors"),
    ("hunter", "out_of_credits", 429, "errors"),
    ("hunter", "bad_key", 401, "errors"),
    ("hunter", "miss", 200, '"email":null'),
    ("prospeo", "http_500", 500, "INTERNAL_ERROR"),
    ("prospeo", "rate_limited", 429, "RATE_LIMITED"),
    ("prospeo", "out_of_credits", 400, "INSUFFICIENT_CREDITS"),
    ("prospeo", "bad_key", 401, "INVALID_API_KEY"),
    ("prospeo", "miss", 400, "NO_MATCH"),
    ("findymail", "rate_limited", 429, ""),
    ("findymail", "out_of_credits", 200, '{"error":"Not enough credits"}'),
    ("findymail", "bad_key", 401, "Unauthenticated."),
    ("findymail", "miss", 200, '{"contact":null}'),
    ("pronto", "rate_limited", 429, "Rate limit exceeded. Please try again in 1 seconds."),
    ("pronto", "out_of_credits", 422, "Insufficient enrichment credits"),
    ("pronto", "bad_key", 401, ""),
    ("pronto", "miss", 200, '"email":null,"email_status":"N/A"'),
]


@pytest.mark.parametrize(("vendor", "fault", "status", "text"), OWN_WORDS)
async def test_each_vendor_fails_in_its_own_words(
    client: Client, vendor: str, fault: str, status: int, text: str
) -> None:
    await client.fault(vendor, "email", fault)
    answer = await raw(client, vendor)
    assert answer[0] == status
    assert text in answer[2].decode()
    assert (await client.control("spent"))[vendor] == 0
    assert MATHIEU in (await raw(client, vendor))[2].decode()


async def test_a_followed_redirect_is_seen(client: Client) -> None:
    await client.fault("hunter", "email", "redirect")
    answer = await client.vendor("/hunter/v2/email-finder", params=WHO)
    assert answer.status == 302
    assert (await client.control("calls"))["hunter"] == {"email": 1}
    await client.send("GET", answer.headers["Location"])
    assert (await client.control("calls"))["hunter"] == {"email": 1, "redirected": 1}


async def test_faults_are_used_in_order_and_counted(client: Client) -> None:
    await client.fault("leadmagic", "email", "http_503", count=2)
    await client.fault("leadmagic", "email", "miss")
    await client.fault("leadmagic", "phone", "http_500")
    assert [(await ask(client)).status for _ in range(4)] == [503, 503, 200, 200]
    assert (await ask(client)).json["email"] == MATHIEU


async def test_a_joint_prospeo_call_is_one_phone_call(client: Client) -> None:
    joint = {"enrich_mobile": True, "data": {"linkedin_url": PROFILE}}
    await client.fault("prospeo", "email", "http_503")
    await client.fault("prospeo", "phone", "miss")
    answers = [await client.vendor("/prospeo/enrich-person", joint) for _ in range(3)]
    assert [answer.status for answer in answers] == [400, 503, 200]
    assert (await client.control("calls"))["prospeo"] == {"phone": 3}


async def test_a_joint_pronto_call_takes_a_fault_of_any_kind(client: Client) -> None:
    path, given = QUESTIONS["pronto"]
    joint = given | {"enrichment_type": ["phone", "personal_email"], "linkedin_url": PROFILE}
    await client.fault("pronto", "phone", "http_503")
    assert [(await client.vendor(path, joint)).status for _ in range(2)] == [503, 200]
    assert (await client.control("calls"))["pronto"] == {"personal_email": 2}


async def test_a_verifier_that_misses_cannot_tell(client: Client) -> None:
    await client.fault("leadmagic", "verify", "miss")
    answer = await client.vendor("/leadmagic/v1/people/email-validation", {"email": MATHIEU})
    assert answer.json["email_status"] == "unknown"
    assert (await client.control("spent"))["leadmagic"] == 0


@pytest.mark.parametrize(
    "scripted",
    [
        {"vendor": "nobody", "capability": "email", "fault": "miss"},
        {"vendor": "hunter", "capability": "fax", "fault": "miss"},
        {"vendor": "hunter", "capability": "email", "fault": "boredom"},
        {"vendor": "hunter", "capability": "email", "fault": "miss", "count": 0},
        {"vendor": "hunter", "capability": "email", "fault": "miss", "count": "many"},
        {"vendor": 3},
        [],
    ],
)
async def test_unknown_faults_are_refused(client: Client, scripted: object) -> None:
    answer = await client.send("POST", "/_control/faults", scripted)
    assert answer.status == 400
    assert answer.json["error"]
