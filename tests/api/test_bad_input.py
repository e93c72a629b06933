"""Whatever is wrong with a request, the answer is the envelope, and nothing was spent."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.api.envelope import assert_envelope
from tests.stack import ENRICH, SEED, Reply, Stack

LIMIT = 64 * 1024
FIELDS: dict[str, Any] = {**SEED, "enrichment_type": ["email"]}


def body(**changes: Any) -> bytes:
    """The documented request with some fields changed."""
    return msgspec.json.encode({**FIELDS, **changes})


def body_with(name: str, text: bytes) -> bytes:
    """The documented request with a field whose JSON text is given."""
    plain = msgspec.json.encode({key: value for key, value in FIELDS.items() if key != name})
    return plain[:-1] + b',"' + name.encode() + b'":' + text + b"}"


async def refuse(stack: Stack, raw: bytes, status: int, *named: str) -> Reply:
    """Send this body, which must be refused at no expense."""
    before = await stack.balance()
    reply = await stack.send("POST", ENRICH, raw=raw)
    assert_envelope(reply, status, *named)
    assert await stack.total_calls() == 0
    assert await stack.balance() == before
    return reply


MALFORMED = [
    b"",
    b" ",
    b"{",
    b"}",
    b"[",
    b"nonsense",
    b"{'enrichment_type': ['email']}",
    b'{"enrichment_type": ["email"]',
    b'{"enrichment_type": ["email"],}',
    b'{"enrichment_type": ["email"]} trailing',
    b'{"enrichment_type": ["email"]}{}',
    b'{enrichment_type: ["email"]}',
    b'{"enrichment_type": ["email"], "firstname": "a\nb"}',
    b'{"enrichment_type": ["email"], "firstname": "\\x"}',
    b'{"enrichment_type": ["email"], "n": 01}',
    b'{"enrichment_type": ["email"], "n": .5}',
    b'{"enrichment_type": ["email"], "n": NaN}',
    b'{"enrichment_type": ["email"], "n": Infinity}',
    b"\xef\xbb\xbf{}",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"<enrichment/>",
    b"firstname=Mathieu",
]


@pytest.mark.parametrize("raw", MALFORMED)
async def test_a_body_that_is_no_json_is_refused(stack: Stack, raw: bytes) -> None:
    await refuse(stack, raw, 400, "request body")


@pytest.mark.parametrize("raw", [b"[]", b'["email"]', b'"email"', b"1", b"true", b"null", b"1e999"])
async def test_a_body_that_is_no_object_is_refused(stack: Stack, raw: bytes) -> None:
    await refuse(stack, raw, 400, "request body")


STRINGS = {
    "firstname": 200,
    "lastname": 200,
    "company_name": 300,
    "domain": 300,
    "linkedin_url": 1000,
    "webhook_url": 2000,
}
NOT_STRINGS = [b"7", b"-1.5", b"true", b"[]", b'["x"]', b"{}", b"1e999", b"9" * 30]


@pytest.mark.parametrize("name", STRINGS)
@pytest.mark.parametrize("text", NOT_STRINGS)
async def test_a_field_of_the_wrong_type_is_named(stack: Stack, name: str, text: bytes) -> None:
    await refuse(stack, body_with(name, text), 400, name)


@pytest.mark.parametrize("name", STRINGS)
async def test_an_oversized_string_is_named(stack: Stack, name: str) -> None:
    await refuse(stack, body(**{name: "x" * (STRINGS[name] + 1)}), 400, name)


@pytest.mark.parametrize("name", ["firstname", "lastname", "company_name"])
async def test_the_longest_allowed_string_is_accepted(stack: Stack, name: str) -> None:
    reply = await stack.enrich("email", **{name: "é" * STRINGS[name]}, path=ENRICH)
    assert reply.status == 200


@pytest.mark.parametrize("name", STRINGS)
@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b[31m", "\x7f"])
async def test_control_characters_are_refused(stack: Stack, name: str, sign: str) -> None:
    await refuse(stack, body(**{name: f"{FIELDS.get(name, 'https://a.example')}{sign}"}), 400, name)


TYPES = [
    b"null",
    b'"email"',
    b"7",
    b"{}",
    b"[]",
    b"[null]",
    b"[1]",
    b'["Email"]',
    b'["emails"]',
    b'["email",""]',
    b'["email","phone","personal_email","email"]',
    b'["email","email","email","email"]',
    b'[["email"]]',
]


@pytest.mark.parametrize("text", TYPES)
async def test_a_bad_enrichment_type_is_named(stack: Stack, text: bytes) -> None:
    await refuse(stack, body_with("enrichment_type", text), 400, "enrichment_type")


CODES = [b'"FR"', b"7", b"{}", b"[7]", b"[null]", b'[["FR"]]', b'["FRA"]', b'["F\xc3\xa9"]', b'["XX"]']


@pytest.mark.parametrize("text", CODES)
async def test_bad_country_codes_are_named(stack: Stack, text: bytes) -> None:
    await refuse(stack, body_with("phone_country_codes", text), 400, "phone_country_codes")


async def test_too_many_country_codes_are_named(stack: Stack) -> None:
    await refuse(stack, body(phone_country_codes=["FR"] * 251), 400, "phone_country_codes")


URLS = [
    "hooks.example/x",
    "//hooks.example/x",
    "/x",
    "ftp://hooks.example/x",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://",
    "https:///x",
    "http://:80/",
    "http://hooks.example:0/",
    "http://hooks.example:99999/",
    "http://hooks.example:port/",
    "http://[::1",
    "http://a b.example/",
    "http://hooks\u2100.example/",
]


@pytest.mark.parametrize("url", URLS)
async def test_a_bad_webhook_url_is_named(stack: Stack, url: str) -> None:
    await refuse(stack, body(webhook_url=url), 400, "webhook_url")


def nested(depth: int, opening: bytes = b'{"a":', closing: bytes = b"}", inner: bytes = b"1") -> bytes:
    """A `custom` of so many levels."""
    return opening * depth + inner + closing * depth


async def test_custom_may_be_32_levels_deep(stack: Stack) -> None:
    for text in (nested(32), b'{"a":' + nested(31, b"[", b"]") + b"}"):
        reply = await stack.send("POST", ENRICH, raw=body_with("custom", text))
        assert reply.status == 200, reply.text
        assert reply.text.endswith(f'"custom":{text.decode()}}}')


DEEP = [
    nested(33),
    b'{"a":' + nested(32, b"[", b"]") + b"}",
    b'{"a":' + nested(33, b"[", b"]") + b',"a":1}',
    nested(500),
    nested(10_000),
    nested(10_000, b"[", b"]", b""),
    b'{"a":' * 10_000,
    b"[" * 60_000,
]


@pytest.mark.parametrize("text", DEEP, ids=[f"case {number}" for number in range(len(DEEP))])
async def test_a_custom_that_is_deeper_is_refused(stack: Stack, text: bytes) -> None:
    await refuse(stack, body_with("custom", text), 400)


async def test_depth_elsewhere_is_refused_or_ignored_but_never_our_fault(stack: Stack) -> None:
    for name in ("unknown", "firstname", "enrichment_type", "phone_country_codes"):
        for text in (nested(10_000), nested(10_000, b"[", b"]")):
            reply = await stack.send("POST", ENRICH, raw=body_with(name, text))
            assert_envelope(reply, 400)


NO_UTF8 = [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf0\x9f", b"\x80", b"\xc0\xaf"]


@pytest.mark.parametrize("octets", NO_UTF8)
@pytest.mark.parametrize("name", [*STRINGS, "custom", "unknown"])
async def test_bytes_that_are_no_utf8_are_refused_wherever_they_stand(
    stack: Stack, name: str, octets: bytes
) -> None:
    text = b'{"a":"x' + octets + b'"}' if name == "custom" else b'"x' + octets + b'"'
    await refuse(stack, body_with(name, text), 400)
    await refuse(stack, b'{"' + octets + b'":1,' + body()[1:], 400)


@pytest.mark.parametrize("name", ["firstname", "custom"])
@pytest.mark.parametrize("escape", [rb"\ud800", rb"\udfff", rb"\ud83dx", rb"\ude00\ud83d"])
async def test_half_a_surrogate_pair_is_refused(stack: Stack, name: str, escape: bytes) -> None:
    text = b'{"a":"' + escape + b'"}' if name == "custom" else b'"' + escape + b'"'
    await refuse(stack, body_with(name, text), 400, name, "surrogate")


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"Infinity", b"+1", b"1.", b"0x1", b"1e", b"--1"])
async def test_numbers_that_are_no_json_are_refused_in_custom(stack: Stack, number: bytes) -> None:
    await refuse(stack, body_with("custom", b'{"n":' + number + b"}"), 400)


@pytest.mark.parametrize("number", ["%s", "-%s", "0.%s", "%s.5", "1e%s", '"\\u0030%s"', '[1,{"m":%s}]'])
async def test_a_number_of_thousands_of_digits_is_echoed(stack: Stack, number: str) -> None:
    for digits in (100, 4_000, 5_000, 20_000):
        custom = f'{{"n":{number % ("9" * digits)}}}'
        reply = await stack.send("POST", ENRICH, raw=body_with("custom", custom.encode()))
        assert reply.status == 200, reply.text
        assert reply.text.endswith(f'"custom":{custom}}}')


@pytest.mark.parametrize(
    "wrong", [b"0%b", b"--%b", b"%b.", b"1%be", b"%bx", b"%b,}", b'"\\ud800%b"', b"%b 1"]
)
async def test_what_is_no_json_is_refused_beside_a_number_of_thousands_of_digits(
    stack: Stack, wrong: bytes
) -> None:
    long = b"9" * 5_000
    await refuse(stack, body_with("custom", b'{"a":' + long + b',"n":' + wrong % long + b"}"), 400)


async def test_of_equal_keys_the_last_one_counts_and_all_are_checked_for_form(stack: Stack) -> None:
    raw = b'{"firstname":"Somebody","firstname":"Else",' + body()[1:]
    reply = await stack.send("POST", ENRICH, raw=raw)
    assert (reply.status, reply.json["first_name"]) == (200, "Mathieu")
    await stack.control("_control/reset")
    await refuse(stack, body()[:-1] + b',"enrichment_type":["fax"]}', 400, "enrichment_type")


async def stream(size: int) -> AsyncIterator[bytes]:
    """A body of this size whose length is not announced."""
    head = b'{"pad":"'
    yield head
    left = size - len(head)
    while left > 0:
        piece = min(left, 16 * 1024)
        yield b"x" * piece
        left -= piece


@pytest.mark.parametrize("size", [LIMIT + 1, 2 * LIMIT, 16 * LIMIT])
async def test_a_body_over_the_limit_is_413_with_and_without_an_announced_length(
    stack: Stack, size: int
) -> None:
    padding = size - len(body(pad=""))
    await refuse(stack, body(pad="x" * padding), 413, str(LIMIT))
    headers = {"X-API-KEY": stack.key, "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{stack.url}{ENRICH}", data=stream(size), headers=headers) as response,
    ):
        reply = Reply(response.status, response.headers, await response.text())
    assert_envelope(reply, 413, str(LIMIT))
    assert await stack.total_calls() == 0


async def test_a_long_body_is_refused_with_its_own_limit(stack: Stack) -> None:
    headers = {"X-API-KEY": stack.key, "Content-Type": "application/json"}
    bulk = f"{stack.url}/api/v2/contacts/bulk_enrich"
    async with (
        aiohttp.ClientSession() as session,
        session.post(bulk, data=stream((1 << 20) + 1), headers=headers) as response,
    ):
        assert_envelope(Reply(response.status, response.headers, await response.text()), 413, str(1 << 20))
    reply = await stack.send("POST", "/api/v2/contacts/bulk_enrich", raw=b" " * LIMIT + b"{}")
    assert reply.status == 400


async def test_a_body_of_exactly_the_limit_is_accepted(stack: Stack) -> None:
    reply = await stack.send("POST", ENRICH, raw=body(pad="x" * (LIMIT - len(body(pad="")))))
    assert reply.status == 200


TYPES_REFUSED = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/xml",
    "application/msgpack",
    "application/jsonp",
    "nonsense",
]


@pytest.mark.parametrize("kind", TYPES_REFUSED)
async def test_a_body_of_another_type_is_415(stack: Stack, kind: str) -> None:
    reply = await stack.send("POST", ENRICH, raw=body(), Content_Type=kind)
    assert_envelope(reply, 415, "application/json")
    assert await stack.total_calls() == 0


METHODS = {
    "/v2/contacts/single_enrich": "POST",
    "/v2/contacts/sync_single_enrich": "POST",
    "/v2/credits": "GET",
    "/api/v2/credits": "GET",
    "/v2/account": "GET",
    "/api/v2/account": "GET",
    "/v2/enrichments/7": "GET",
    "/healthz": "GET",
    "/readyz": "GET",
    "/metrics": "GET",
    "/openapi.json": "GET",
    "/docs": "GET",
}


@pytest.mark.parametrize("path", METHODS)
async def test_a_wrong_method_is_405_and_told_what_is_allowed(stack: Stack, path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
        if method != METHODS[path]:
            reply = await stack.send(method, path)
            assert_envelope(reply, 405, method)
            assert METHODS[path] in reply.headers["Allow"].split(", ")
            assert method not in reply.headers["Allow"].split(", ")


PATHS = [
    "/",
    "/v2",
    "/v2/",
    "/v3/credits",
    "/v2/contacts",
    "/v2/contacts/single_enrich/extra",
    "/v2/enrichments",
    "/v2/enrichments/",
    "/v2/../etc/passwd",
    "/docs/../../etc/passwd",
    "/docs/%2e%2e%2fpyproject.toml",
    "/schema",
    "/schema/swagger",
    "/%00",
    "/%ff%fe",
    "/" + "a" * 5000,
    "/{{7*7}}",
    "/<script>",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_path_is_404(stack: Stack, path: str, method: str) -> None:
    reply = await stack.send(method, path)
    assert_envelope(reply, 404)
    assert "<script>" not in reply.text


async def test_the_docs_have_no_other_assets(stack: Stack) -> None:
    assert_envelope(await stack.send("GET", "/docs/swagger-ui-nothing.js"), 404)
