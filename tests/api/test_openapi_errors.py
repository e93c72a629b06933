"""The OpenAPI document lists every error that a search can end with, word for word, and every header."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headrace.api.openapi import document
from headrace.domain.errors import KINDS
from headrace.engine import enrich
from tests.compat.pages import CONSENT
from tests.jobs.queueing import BULK, QUEUE
from tests.stack import ENRICH, SEED, Reply, Stack, running

PATHS = (ENRICH, QUEUE, BULK)
NEVER = {
    ENRICH: {"not_found", "name_taken"},
    QUEUE: {"not_found", "name_taken", "providers_failed"},
    BULK: {"not_found", "name_taken", "providers_failed"},
}
"""What a search cannot end with: its path has no id, it makes no account, and who does not wait hears of
failures by webhook."""

USUAL = {"date", "server", "content-type", "content-length"}
"""Headers that every answer has."""


def responses(path: str) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][path]["post"]["responses"]
    return found


def examples(path: str, status: int) -> list[dict[str, Any]]:
    content = responses(path)[str(status)]["content"]["application/json"]
    return [example["value"] for example in content["examples"].values()]


def every_error() -> Iterator[tuple[str, int, dict[str, Any], str]]:
    """Where, under which status, which error, and what is said of that status."""
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                for example in answer["content"]["application/json"].get("examples", {}).values():
                    if "code" in example["value"]:
                        yield f"{method} {path}", int(status), example["value"], answer["description"]


@pytest.mark.parametrize("path", PATHS)
def test_every_code_that_a_search_can_end_with_is_an_example_under_its_status(path: str) -> None:
    shown = {(int(status), each["code"]) for status in responses(path) for each in _errors(path, status)}
    assert shown == {(kind.status, code) for code, kind in KINDS.items() if code not in NEVER[path]}


def _errors(path: str, status: str) -> list[dict[str, Any]]:
    return [each for each in examples(path, int(status)) if "code" in each]


def test_every_code_there_is_appears() -> None:
    assert {error["code"] for _, _, error, _ in every_error()} == set(KINDS)


def test_every_example_of_an_error_is_what_its_code_says() -> None:
    for where, status, error, description in every_error():
        kind = KINDS[error["code"]]
        said = re.sub(r"\\{\w+\\}", "(.+)", re.escape(kind.message))
        assert error["error"] == status == kind.status, where
        assert re.fullmatch(said, error["message"]), where
        assert kind.advice in description, where


# What is wrong with a request: JSON texts in place of those of PERSON and WANTED; None leaves a field out.
Texts = Mapping[str, bytes | None]
NONE: Texts = {}
PERSON: Texts = {name: msgspec.json.encode(value) for name, value in SEED.items()}
WANTED: Texts = {"enrichment_type": b'["email"]'}
NO_PROFILE: Texts = {"linkedin_url": None}
NO_EMPLOYER: Texts = {"domain": None, "company_name": None}
CONTROL = b'"https://a\\u0007.example"'


def url(text: str) -> Texts:
    return {"webhook_url": msgspec.json.encode(text)}


MISTAKES: list[tuple[Texts, Texts]] = [
    *(({name: text}, NONE) for name in PERSON for text in (b"7", CONTROL)),
    ({"custom": b"[]"}, {}),
    ({"custom": b'{"a":' * 33 + b"1" + b"}" * 33}, {}),
    ({"firstname": rb'"Jan\ud83d"'}, {}),
    ({"domain": b'"nowhere"'}, {}),
    ({"linkedin_url": b'"https://example.com/jane"'}, {}),
    ({"firstname": None}, {}),
    ({"lastname": None}, {}),
    (NO_PROFILE, {"enrichment_type": b'["phone"]'}),
    (NO_PROFILE, {"enrichment_type": b'["personal_email"]'}),
    ({}, {"enrichment_type": None}),
    ({}, {"enrichment_type": b'["fax"]'}),
    ({}, {"phone_country_codes": b'["XX"]'}),
    ({}, {"webhook_url": b"7"}),
    ({}, {"webhook_url": CONTROL}),
    *(
        (NONE, url(text))
        for text in (
            "ftp://hooks.example/",
            "http://hooks.example/",
            "https://me@hooks.example/",
            "https://hooks\\.example/",
            "https://hooks%2eexample/",
            "https://-hooks.example/",
            "https://127.1/",
            "https://10.0.0.1/",
            "https://hooks.example:22/",
            "https://hooks.example:6379/",
        )
    ),
]
LENIENT: list[tuple[Texts, Texts]] = [
    ({**NO_PROFILE, "firstname": None}, {}),
    ({**NO_PROFILE, **NO_EMPLOYER}, {}),
]
"""Mistakes in the eyes of a lenient account."""

RAW = [b'{"a":"\xff"}', b"{", b"[]", b'{"a":' * 10_000]


def written(*fields: Texts) -> bytes:
    whole = {name: text for some in fields for name, text in some.items()}
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), text) for name, text in whole.items() if text) + b"}"


def search(path: str, person: Texts, wanted: Texts) -> bytes:
    """The documented request, or a bulk that has it in the fourth place, with these mistakes."""
    if path != BULK:
        return written(PERSON, WANTED, person, wanted)
    people = [written(PERSON)] * 3 + [written(PERSON, person)]
    return written(WANTED, wanted, {"contacts": b"[" + b",".join(people) + b"]"})


async def complaint(stack: Stack, path: str, raw: bytes, key: str | None = None, **headers: str) -> str:
    reply = await stack.send("POST", path, raw=raw, key=key, **headers)
    assert (reply.status, reply.json["code"]) == (400, "bad_request"), reply.text
    return str(reply.json["message"])


@pytest.mark.parametrize("path", PATHS)
async def test_all_that_a_400_says_is_listed_and_nothing_else_is(stack: Stack, path: str) -> None:
    lenient = await stack.open_account(f"lenient {path}", validation="lenient")
    said = {await complaint(stack, path, search(path, *mistake)) for mistake in MISTAKES}
    said |= {await complaint(stack, path, search(path, *mistake), lenient) for mistake in LENIENT}
    said |= {await complaint(stack, path, raw) for raw in RAW}
    said.add(await complaint(stack, path, search(path, {}, {}), Idempotency_Key="k" * 256))
    if path != ENRICH:
        said.add(await complaint(stack, path, search(path, NO_EMPLOYER, {})))
    if path == BULK:
        person = written(PERSON)
        for contacts in (None, b"[]", b"[" + b",".join([person] * 3) + b",7]"):
            said.add(await complaint(stack, path, written(WANTED, {"contacts": contacts})))
    assert said == {example["message"] for example in examples(path, 400)}


async def test_all_that_a_400_says_of_an_address_is_listed(stack: Stack) -> None:
    path = "/v2/emails/verify"
    half = rb'{"email":"a\ud83d"}'
    said = {await complaint(stack, path, raw) for raw in (*RAW, b"{}", b'{"email":7}', half)}
    said.add(await complaint(stack, path, b'{"email":"a"}', Idempotency_Key="k" * 256))
    assert said == {example["message"] for example in examples(path, 400)}


def headers(reply: Reply) -> set[str]:
    return {name.lower() for name in reply.headers} - USUAL


def told(path: str, status: int) -> set[str]:
    """The headers that the document names."""
    return {name.lower() for name in responses(path)[str(status)]["headers"]}


def assert_listed(path: str, code: str, *replies: Reply) -> None:
    """The document has this error word for word, and the headers that these answers had together."""
    for reply in replies:
        assert reply.json["code"] == code
        assert reply.json in examples(path, reply.status)
    assert set.union(*map(headers, replies)) == told(path, replies[0].status)


def one_of(path: str, kind: str = "email") -> bytes:
    return search(path, {}, {"enrichment_type": f'["{kind}"]'.encode()})


@pytest.mark.filterwarnings("ignore:Sending a large body")
@pytest.mark.parametrize("path", PATHS)
async def test_what_is_refused_before_it_begins_is_listed(stack: Stack, path: str) -> None:
    poor = await stack.open_account(f"poor {path}", 0)
    consent = await stack.send("POST", path, raw=one_of(path, "personal_email"), key=poor)
    assert consent.json["message"] == CONSENT
    assert_listed(path, "consent_missing", consent)
    broke = await stack.send("POST", path, raw=one_of(path), key=poor)
    assert_listed(path, "insufficient_credits", broke)
    assert_listed(path, "unauthorized", await stack.send("POST", path, raw=one_of(path), key="wrong"))
    typed = await stack.send("POST", path, raw=b"x", Content_Type="text/plain")
    assert_listed(path, "unsupported_media_type", typed)
    long = await stack.send("POST", path, raw=b"x" * ((1 << 20) + 1))
    assert_listed(path, "body_too_large", long)
    assert_listed(path, "method_not_allowed", await stack.send("PUT", path))


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_that_is_used_twice_is_listed(stack: Stack, path: str) -> None:
    first = await stack.send("POST", path, raw=one_of(path), Idempotency_Key="twice")
    assert first.status < 300
    other = search(path, {"firstname": b'"Jane"'}, {})
    reused = await stack.send("POST", path, raw=other, Idempotency_Key="twice")
    assert_listed(path, "idempotency_key_reused", reused)


async def test_a_key_that_is_in_use_is_listed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes first stands at its hold until the others have been told."""
    monkeypatch.setattr(stack.headrace.services.turns, "_patience", 0.0)
    ledger, go_on = stack.headrace.storage.ledger, Future[None]()
    hold = ledger.hold

    async def held(*arguments: Any) -> int:
        await asyncio.wrap_future(go_on)
        return await hold(*arguments)

    monkeypatch.setattr(ledger, "hold", held)
    raw, key = one_of(ENRICH), "in use"
    sent = [stack.send("POST", ENRICH, raw=raw, Idempotency_Key=key) for _ in range(3)]
    replies = asyncio.as_completed(sent, timeout=60)
    waiting = [await next(replies) for _ in range(2)]
    go_on.set_result(None)
    assert (await next(replies)).status == 200
    assert_listed(ENRICH, "idempotency_key_in_use", *waiting)


async def test_the_headers_of_an_answer_are_listed(stack: Stack) -> None:
    for path, status in ((ENRICH, 200), (QUEUE, 200), (BULK, 202)):
        first = await stack.send("POST", path, raw=one_of(path), Idempotency_Key="headers")
        again = await stack.send("POST", path, raw=one_of(path), Idempotency_Key="headers")
        assert (first.status, again.status) == (status, status)
        assert headers(first) | headers(again) == told(path, status), path


async def test_the_headers_of_other_answers_are_listed(stack: Stack) -> None:
    for path, operations in document()["paths"].items():
        if "get" in operations and "{" not in path and not path.startswith("/admin"):
            reply = await stack.send("GET", path)
            named = operations["get"]["responses"][str(reply.status)]["headers"]
            assert headers(reply) == {name.lower() for name in named}, path
    path = "/v2/emails/verify"
    replies = [
        await stack.send("POST", path, body={"email": "a"}, Idempotency_Key="verify") for _ in range(2)
    ]
    assert set.union(*map(headers, replies)) == told(path, 200)


async def test_the_failure_of_all_vendors_is_listed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrich, "_FAILURE_KEPT", 600)  # so that the second comes in time, whatever happens
    for vendor in stack.headrace.services.providers:
        await stack.fault(vendor, "email", "http_503")
    raw, key = one_of(ENRICH), "failed"
    replies = [await stack.send("POST", ENRICH, raw=raw, Idempotency_Key=key) for _ in range(2)]
    stack.close_breakers()
    assert_listed(ENRICH, "providers_failed", *replies)


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Stack]:
    """A stack that takes one request a second."""
    with running(tmp_path, SERVER__RATE_LIMIT="1") as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
async def test_the_rate_limit_is_listed(strict: Stack, path: str) -> None:
    replies = [await strict.send("POST", path, raw=b"{") for _ in range(5)]
    assert_listed(path, "rate_limited", *(reply for reply in replies if reply.status == 429))


@pytest.fixture
def poor(tmp_path: Path) -> Iterator[Stack]:
    """A stack without a vendor for phones."""
    with running(tmp_path, vendors=["hunter"], SERVER__RATE_LIMIT="100000") as made:
        yield made


async def test_a_server_without_vendors_or_about_to_stop_says_what_is_listed(poor: Stack) -> None:
    for path in PATHS:
        reply = await poor.send("POST", path, raw=one_of(path, "phone"))
        (listed,) = (each for each in examples(path, 503) if each["code"] == "no_providers")
        assert reply.json["message"] == listed["message"].replace("email or phone", "phone")
        assert headers(reply) <= told(path, 503)
    poor.headrace.services.enricher.hurry(0)
    for path in PATHS:
        reply = await poor.send("POST", path, raw=one_of(path))
        assert reply.json["code"] == "shutting_down"
        assert reply.json in examples(path, reply.status)
        assert "Retry-After" in reply.headers
