"""The traffic of clients that exist, sent as they send it."""

import itertools
import re
from typing import Any

import aiohttp
import pytest

from tests.compat.pages import FOUND, MISSED
from tests.stack import ENRICH, SEED, Stack

NUMBERS = itertools.count()
PROFILE = SEED["linkedin_url"]

NODE: dict[str, Any] = {"Accept": "application/json"}
CLI: dict[str, Any] = {
    "content_type": "application/json",
    "accept": "application/json",
    "user_agent": "pipecorn-cli",
}


def node_body(**fields: Any) -> dict[str, Any]:
    """What the n8n node sends: its text fields are always there, blank ones too."""
    blank = {
        "enrichment_type": ["email", "phone"],
        "linkedin_url": "",
        "firstname": "",
        "lastname": "",
    }
    return {**blank, **fields}


async def node_calls(stack: Stack, validation: str, **fields: Any) -> Any:
    key = await stack.open_account(f"node {next(NUMBERS)}", validation=validation)
    return await stack.send("POST", ENRICH, key="", body=node_body(**fields), x_api_key=key, **NODE)


async def test_the_node_finds_by_profile_alone(stack: Stack) -> None:
    reply = await node_calls(stack, "lenient", linkedin_url=PROFILE)
    assert reply.status == 200
    assert reply.json["status"] == "success"
    assert {key: reply.json[key] for key in FOUND["email"]} == FOUND["email"]
    assert {key: reply.json[key] for key in FOUND["phone"]} == FOUND["phone"]


async def test_the_node_without_a_profile_gets_the_email_part(stack: Stack) -> None:
    reply = await node_calls(
        stack, "lenient", firstname="Mathieu", lastname="Brun-Picard", domain="prontohq.com"
    )
    assert reply.status == 200
    assert {key: reply.json[key] for key in FOUND["email"]} == FOUND["email"]
    assert {key: reply.json[key] for key in MISSED["phone"]} == MISSED["phone"]


async def test_the_nodes_blank_optional_fields_are_no_obstacle(stack: Stack) -> None:
    reply = await node_calls(
        stack, "lenient", linkedin_url=PROFILE, domain="", company_name="", phone_country_codes=[]
    )
    assert reply.status == 200
    assert reply.json["phones"] == ["+33612345678"]


async def test_the_node_on_a_strict_account_is_told_which_field_is_missing(stack: Stack) -> None:
    reply = await node_calls(stack, "strict", linkedin_url=PROFILE)
    assert (reply.status, reply.json["error"]) == (400, 400)
    assert "firstname" in reply.json["message"]
    reply = await node_calls(stack, "strict", firstname="Mathieu", lastname="Brun-Picard")
    assert reply.status == 400
    assert "linkedin_url" in reply.json["message"]


async def test_the_nodes_credential_test_passes_with_a_good_key_only(stack: Stack) -> None:
    good = await stack.send("GET", "/api/v2/credits", key="", x_api_key=stack.key, **NODE)
    assert 200 <= good.status < 300
    bad = await stack.send("GET", "/api/v2/credits", key="", x_api_key="pk_live_bad", **NODE)
    assert bad.status == 401


@pytest.mark.parametrize("base", ["/api/v2", "/api/v2/", "/v2", "/v2/"])
async def test_the_command_line_tool_logs_in_with_a_typed_get_that_has_no_body(
    stack: Stack, base: str
) -> None:
    account = await stack.send("GET", f"{base}/account", **CLI)
    assert account.status == 200
    assert account.json["name"] or account.json["email"]
    assert account.json["organization"]["name"]
    credits = await stack.send("GET", f"{base}/credits", **CLI)
    assert credits.status == 200
    assert isinstance(credits.json["credits"], int | float)


@pytest.mark.parametrize("base", ["/v2", "/v2/"])
async def test_the_command_line_tool_pointed_at_the_sync_prefix_enriches(stack: Stack, base: str) -> None:
    body = {**SEED, "enrichment_type": ["email"]}
    reply = await stack.send("POST", f"{base}/contacts/single_enrich", body=body, **CLI)
    assert reply.status == 200
    assert reply.json["email"] == "mathieu@prontohq.com"


async def test_the_command_line_tool_recognises_an_empty_balance_by_its_text(stack: Stack) -> None:
    key = await stack.open_account(f"cli {next(NUMBERS)}", credits=0)
    reply = await stack.enrich("email", key=key)
    said = reply.json["error"] if isinstance(reply.json["error"], str) else reply.json["message"]
    assert reply.status == 422
    assert re.search("enrichment credits|insufficient credits", said, re.IGNORECASE)


async def test_the_command_line_tool_gets_json_whatever_it_accepts(stack: Stack) -> None:
    for accept in ("text/html", "application/xml", "*/*", "image/png;q=0.1"):
        for key in (stack.key, "wrong"):
            reply = await stack.send("GET", "/v2/credits", key=key, accept=accept)
            assert reply.headers["Content-Type"] == "application/json"
            assert reply.json


async def test_a_json_body_in_a_typed_variant_or_untyped_is_read(stack: Stack) -> None:
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"):
        body = {**SEED, "enrichment_type": ["email"]}
        assert (await stack.send("POST", ENRICH, body=body, Content_Type=kind)).status == 200
    headers = {"X-API-KEY": stack.key}
    async with (
        aiohttp.ClientSession(skip_auto_headers={"Content-Type"}) as session,
        session.post(
            f"{stack.url}{ENRICH}",
            data=b'{"firstname":"Mathieu","lastname":"Brun-Picard","enrichment_type":["email"]}',
            headers=headers,
        ) as reply,
    ):
        assert reply.status == 200


async def test_a_body_in_small_pieces_is_put_together(stack: Stack) -> None:
    async def pieces() -> Any:
        for byte in b'{"firstname":"Mathieu","lastname":"Brun-Picard","domain":"prontohq.com",':
            yield bytes([byte])
        yield b'"enrichment_type":["email"]}'

    headers = {"X-API-KEY": stack.key, "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{stack.url}{ENRICH}", data=pieces(), headers=headers) as reply,
    ):
        assert (await reply.json())["email"] == "mathieu@prontohq.com"
