"""The OpenAPI document says what is true, and its pages load nothing from elsewhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jsonschema_rs
import pytest

from tests.compat.pages import KINDS, know_nothing_of
from tests.stack import ENRICH, Stack

FIELDS = {
    "enrichment_type": "array",
    "firstname": "string",
    "lastname": "string",
    "company_name": "string",
    "domain": "string",
    "linkedin_url": "string",
    "webhook_url": "string",
    "phone_country_codes": "array",
    "custom": "object",
}
ANSWER = {
    "enrichment_id": "string",
    "first_name": "string",
    "last_name": "string",
    "linkedin_profile_url": "string",
    "status": "string",
    "message": "string",
    "email": "string",
    "email_status": "string",
    "personal_email": "string",
    "personal_email_status": "string",
    "phones": "array",
    "phone_status": "string",
    "custom": "object",
    "attempts": "array",
    "email_confidence": "number",
}
PATHS = {
    "/v2/contacts/single_enrich",
    "/v2/contacts/sync_single_enrich",
    "/v2/enrichments/{enrichment_id}",
    "/v2/emails/verify",
    "/v2/credits",
    "/api/v2/credits",
    "/v2/account",
    "/api/v2/account",
    "/api/v2/contacts/single_enrich",
    "/api/v2/contacts/bulk_enrich",
    "/api/v2/contacts/{enrichment_id}",
    "/v2/contacts/{enrichment_id}",
    "/api/v2/contacts/bulk/{bulk_id}",
    "/v2/webhooks",
    "/v2/webhooks/{delivery_id}/replay",
    "/healthz",
    "/readyz",
}
KEYED = ("/v2/", "/api/v2/", "/admin/v1/")


async def document(stack: Stack) -> dict[str, Any]:
    reply = await stack.send("GET", "/openapi.json", key="")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    found: dict[str, Any] = reply.json
    return found


def validator(whole: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Checks values against a schema of the document, whose references it may use."""
    return jsonschema_rs.Draft202012Validator({**schema, "components": whole["components"]})


def resolved(whole: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference, if it is one, refers to."""
    while "$ref" in schema:
        target: Any = whole
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return schema


def types(whole: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """The JSON types that a schema allows, null aside."""
    schema = resolved(whole, schema)
    found = schema.get("type", [])
    named = {found} if isinstance(found, str) else set(found)
    for union in ("oneOf", "anyOf"):
        for part in schema.get(union, []):
            named |= types(whole, part)
    named |= {"string" for value in schema.get("enum", []) if isinstance(value, str)}
    return named - {"null"}


def bodies(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every described body of JSON, with where it stands."""
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            described = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, part in described.items():
                for content in part.get("content", {}).values():
                    yield f"{method} {path} {name}", content


async def test_the_document_is_valid_openapi_and_has_every_endpoint(stack: Stack) -> None:
    whole = await document(stack)
    assert whole["openapi"].startswith("3.1")
    assert {path for path in whole["paths"] if not path.startswith("/admin/v1")} == PATHS
    for where, content in bodies(whole):
        jsonschema_rs.meta.validate(content["schema"])
        assert resolved(whole, content["schema"]), where
    for name, schema in whole["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name


async def test_no_error_is_described_but_the_envelope(stack: Stack) -> None:
    whole = await document(stack)
    envelope = {"error", "message", "code"}
    for where, content in bodies(whole):
        if where.rsplit(" ", 1)[1].startswith("4") or where == f"post {ENRICH} 503":
            assert set(resolved(whole, content["schema"])["properties"]) == envelope, where


async def test_every_reference_resolves_and_every_operation_has_an_id_of_its_own(stack: Stack) -> None:
    reply = await stack.send("GET", "/openapi.json")
    whole = reply.json
    for reference in re.findall(r'"\$ref":"(#[^"]+)"', reply.text):
        assert resolved(whole, {"$ref": reference})
    ids = re.findall(r'"operationId":"([^"]+)"', reply.text)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", ["/v2/contacts/single_enrich", "/v2/contacts/sync_single_enrich"])
async def test_the_endpoint_lists_its_answers_its_key_and_its_switch(stack: Stack, path: str) -> None:
    whole = await document(stack)
    operation = whole["paths"][path]["post"]
    assert set(operation["responses"]) >= {"200", "400", "401", "413", "415", "422", "429", "503"}
    for status, answer in operation["responses"].items():
        assert answer["description"]
        assert answer["content"]["application/json"]["schema"], status
    (scheme,) = operation["security"]
    assert whole["components"]["securitySchemes"][next(iter(scheme))] == {
        "type": "apiKey",
        "name": "X-API-KEY",
        "in": "header",
    }
    (expand,) = (part for part in operation["parameters"] if part["name"] == "expand")
    assert (expand["in"], expand["schema"]["enum"]) == ("query", ["attempts"])


async def test_every_keyed_endpoint_says_so(stack: Stack) -> None:
    whole = await document(stack)
    for path, operations in whole["paths"].items():
        for operation in operations.values():
            assert bool(operation.get("security")) == path.startswith(KEYED), path
            assert ("401" in operation["responses"]) == path.startswith(KEYED), path


async def test_every_field_of_the_request_is_there_with_its_type(stack: Stack) -> None:
    whole = await document(stack)
    content = whole["paths"][ENRICH]["post"]["requestBody"]["content"]["application/json"]
    schema = resolved(whole, content["schema"])
    assert set(schema["properties"]) == set(FIELDS)
    assert schema["required"] == ["enrichment_type"]
    for name, kind in FIELDS.items():
        assert types(whole, schema["properties"][name]) == {kind}, name
    kinds = schema["properties"]["enrichment_type"]
    assert (kinds["minItems"], kinds["maxItems"]) == (1, 3)
    assert set(resolved(whole, kinds["items"])["enum"]) == {"phone", "email", "personal_email"}


async def test_every_field_of_the_answer_is_there_with_its_type(stack: Stack) -> None:
    whole = await document(stack)
    content = whole["paths"][ENRICH]["post"]["responses"]["200"]["content"]["application/json"]
    schema = resolved(whole, content["schema"])
    assert set(schema["properties"]) == set(ANSWER)
    untyped = {
        name: types(whole, schema["properties"][name])
        for name, kind in ANSWER.items()
        if types(whole, schema["properties"][name]) != {kind}
    }
    assert untyped == {}


async def test_the_examples_are_what_they_exemplify(stack: Stack) -> None:
    whole = await document(stack)
    shown = 0
    for where, content in bodies(whole):
        for example in content.get("examples", {}).values():
            errors = [
                error.message for error in validator(whole, content["schema"]).iter_errors(example["value"])
            ]
            assert errors == [], where
            shown += 1
    assert shown >= 10
    statuses = {
        (where.rsplit(" ", 1)[1], example["value"]["error"])
        for where, content in bodies(whole)
        for example in content.get("examples", {}).values()
        if "error" in example["value"]
    }
    assert statuses
    assert all(int(status) == error for status, error in statuses)


async def test_what_is_really_answered_is_what_the_document_says(stack: Stack) -> None:
    whole = await document(stack)
    responses = whole["paths"][ENRICH]["post"]["responses"]

    def fits(status: int, body: Any) -> list[str]:
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        return [
            f"{error.instance_path}: {error.message}" for error in validator(whole, schema).iter_errors(body)
        ]

    for kinds in KINDS:
        for outcome in ("found", "nothing"):
            if outcome == "nothing":
                await know_nothing_of(stack, *kinds)
            reply = await stack.enrich(*kinds, custom={"a": 1}, path=f"{ENRICH}?expand=attempts")
            assert fits(reply.status, reply.json) == []
            stored = await stack.send("GET", f"/v2/enrichments/{reply.json['enrichment_id']}")
            schema = whole["paths"]["/v2/enrichments/{enrichment_id}"]["get"]["responses"]["200"]
            check = validator(whole, schema["content"]["application/json"]["schema"])
            assert [error.message for error in check.iter_errors(stored.json)] == []
    for reply in (
        await stack.enrich(),
        await stack.enrich("email", key="wrong"),
        await stack.send("POST", ENRICH, raw=b"x" * 70_000),
        await stack.send("POST", ENRICH, raw=b"x", Content_Type="text/plain"),
    ):
        assert fits(reply.status, reply.json) == []


class Tags(HTMLParser):
    """What the tags of a page make a browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.inline = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [
            value for name, value in attrs if name in ("src", "href", "data", "action", "srcset") and value
        ]


async def test_the_docs_page_loads_its_own_assets_and_nothing_from_elsewhere(stack: Stack) -> None:
    page = await stack.send("GET", "/docs", key="")
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    tags = Tags()
    tags.feed(page.text)
    assert len(tags.fetched) >= 3
    waiting, seen = [*tags.fetched, "/docs/openapi.json"], set()
    async with aiohttp.ClientSession() as session:
        while waiting:
            asset = waiting.pop()
            if asset.startswith("data:") or asset in seen:
                continue
            seen.add(asset)
            parts = urlsplit(asset)
            assert not parts.scheme, asset
            assert not parts.netloc, asset
            async with session.get(f"{stack.url}{parts.path}") as reply:
                content = await reply.read()
            assert reply.status == 200, asset
            assert content, asset
            if reply.content_type == "text/css":
                waiting += re.findall(r"url\(\s*['\"]?([^'\")]+)", content.decode())
                assert b"@import" not in content
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy


async def test_the_page_shows_the_document_in_words_that_its_renderer_knows(stack: Stack) -> None:
    reply = await stack.send("GET", "/docs/openapi.json", key="")
    whole = reply.json
    assert whole["openapi"].startswith("3.0")
    assert {path for path in whole["paths"] if not path.startswith("/admin/v1")} == PATHS
    assert '"null"' not in reply.text
    for reference in re.findall(r'"\$ref":"(#[^"]+)"', reply.text):
        assert resolved(whole, {"$ref": reference})
