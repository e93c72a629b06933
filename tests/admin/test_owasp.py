"""One test for each item of the OWASP API Security Top 10 (2023) that can be shown on the wire."""

import re
from collections.abc import Iterator

import pytest
from litestar import Litestar

from headrace.api.openapi import CONFIG, DOCUMENTED, document
from headrace.sandbox.faults import FAULTS
from tests.admin.desk import Desk
from tests.stack import Stack

UNAUTHORIZED = {"error": 401, "message": "Unauthorized", "code": "unauthorized"}


def operations() -> Iterator[tuple[str, str, str]]:
    """Method, path and the class of key of every operation that needs one."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            for scheme in operation.get("security", []):
                yield method.upper(), re.sub(r"\{\w+\}", "main", path), next(iter(scheme))


async def test_api1_nobody_reaches_anothers_objects(desk: Desk) -> None:
    """Broken object level authorization: another's look as if they did not exist."""
    stack = desk.stack
    owner = (await desk.account("owner", credits=100))["api_key"]
    stranger = (await desk.account("stranger", credits=100))["api_key"]
    delivery = await desk.delivery(owner)
    enrichment = (await stack.send("GET", "/v2/webhooks", key=owner)).json["deliveries"][0]["enrichment_id"]
    contact = {"firstname": "A", "lastname": "B", "domain": "a.com"}
    bulk = await stack.send(
        "POST", "/api/v2/contacts/bulk_enrich", key=owner,
        body={"enrichment_type": ["email"], "contacts": [contact, contact]},
    )  # fmt: skip
    own = [
        ("GET", f"/v2/enrichments/{enrichment}"),
        ("GET", f"/v2/contacts/{enrichment}"),
        ("GET", f"/api/v2/contacts/{enrichment}"),
        ("GET", f"/api/v2/contacts/bulk/{bulk.json['enrichment_id']}"),
        ("POST", f"/v2/webhooks/{delivery}/replay"),
    ]
    for method, path in own:
        foreign = await stack.send(method, path, key=stranger)
        assert foreign.status == 404, path
        assert (await stack.send(method, path, key=owner)).status == 200, path
    assert (await stack.send("GET", "/v2/webhooks", key=stranger)).json == {"deliveries": []}


async def test_api2_only_whole_live_keys_authenticate(desk: Desk) -> None:
    """Broken authentication: every wrong key gets the same answer, on both surfaces."""
    prefix, key_id, secret = desk.key.split("_", 2)
    wrong = [
        "", " ", "hradmin_", "hradmin__", f"{prefix}_{key_id}", f"{prefix}_{key_id}_",
        desk.key[:-1], f"{desk.key}x",
        f"hr_{key_id}_{secret}", f"HRADMIN_{key_id}_{secret}", f"{prefix}_{key_id}_{secret.swapcase()}",
        f"{prefix}_' OR 1=1 --_{secret}", f"{prefix}_{key_id}_' OR '1'='1", "admin", "Bearer x", "x" * 5_000,
        desk.stack.key, desk.stack.key.replace("hr_", "hradmin_"),
    ]  # fmt: skip
    for key in wrong:
        reply = await desk.stack.send("GET", "/admin/v1/accounts", key=key)
        assert (reply.status, reply.json) == (401, UNAUTHORIZED), key
        assert reply.headers["Cache-Control"] == "no-store"


async def test_api3_no_property_is_written_or_shown_that_is_not_meant_to_be(desk: Desk) -> None:
    """Broken object property level authorization: what is not listed is refused, secrets are not shown."""
    made = await desk.account("propertied")
    for extra in ("available", "held", "account_id", "api_key", "webhook_secrets", "created_at", "role"):
        for method, path in (("POST", "/accounts"), ("PATCH", "/accounts/propertied")):
            reply = await desk.send(method, path, {extra: 1})
            assert reply.status == 400, (path, extra)
    shown = [
        (await desk.send("GET", path)).text
        for path in ("/accounts", "/accounts/propertied", "/accounts/propertied/keys", "/audit")
    ]
    assert not [text for text in shown if "digest" in text or made["api_key"].split("_", 2)[2] in text]


async def test_api4_nobody_gets_more_than_a_page(desk: Desk) -> None:
    """Unrestricted resource consumption: pages and bodies have a limit."""
    for path in ("/accounts", "/audit", "/suppressions", "/accounts/main/webhooks"):
        assert (await desk.send("GET", f"{path}?limit=1001")).status == 400
    assert (await desk.send("POST", "/accounts", raw=b" " * 70_000)).status == 413


@pytest.mark.parametrize(("method", "path", "scheme"), [*operations()])
async def test_api5_each_function_takes_its_own_class_of_key(
    desk: Desk, method: str, path: str, scheme: str
) -> None:
    """Broken function level authorization: an account's key is none here, an operator's none there."""
    assert (scheme == "AdminKey") == path.startswith("/admin/")
    others = desk.stack.key if scheme == "AdminKey" else desk.key
    for key in (others, "", "wrong"):
        reply = await desk.stack.send(method, path, key=key)
        assert (reply.status, reply.json) == (401, UNAUTHORIZED)


async def test_api6_ids_cannot_be_counted_through(desk: Desk) -> None:
    """Unrestricted access to business flows: a foreign id and one that never was are told the same."""
    owner = (await desk.account("counted", credits=100))["api_key"]
    stranger = (await desk.account("counter", credits=100))["api_key"]
    foreign = (await desk.stack.enrich("email", key=owner)).json["enrichment_id"]
    unknown = foreign[:-4] + ("0000" if foreign[-4:] != "0000" else "1111")

    for path in ("/v2/enrichments", "/v2/contacts", "/api/v2/contacts"):
        told = [(await desk.stack.send("GET", f"{path}/{each}", key=stranger)) for each in (foreign, unknown)]
        assert told[0].status == 404
        assert told[0].text == told[1].text


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/in", "https://[::1]/in", "https://2130706433/in", "http://127.1/"]
)
async def test_api7_no_webhook_goes_to_the_inside(stack: Stack, url: str) -> None:
    """Server side request forgery: more of it in `tests/transport`."""
    reply = await stack.enrich("email", webhook_url=url)
    assert (reply.status, reply.json["code"]) == (400, "bad_request")
    assert "webhook_url" in reply.json["message"]


async def test_api8_errors_tell_nothing_and_answers_are_not_kept(desk: Desk) -> None:
    """Security misconfiguration."""
    for method, path in (
        ("GET", "/accounts"),
        ("GET", "/nonsense"),
        ("PUT", "/accounts"),
        ("POST", "/accounts"),
    ):
        reply = await desk.send(method, path)
        assert reply.headers["Cache-Control"] == "no-store"
        assert "server" not in {name.lower() for name in reply.headers}
        assert "Traceback" not in reply.text
        assert ".py" not in reply.text
    assert (
        "Access-Control-Allow-Origin"
        not in (await desk.send("GET", "/accounts", Origin="https://evil.example")).headers
    )


def test_api9_every_endpoint_is_in_the_document() -> None:
    """Improper inventory management."""
    served = Litestar(DOCUMENTED, openapi_config=CONFIG, logging_config=None).routes
    paths = {re.sub(r":\w+\}", "}", route.path) for route in served}
    told = set(document()["paths"]) | {"/metrics"}  # for machines that do not read the document
    assert {path for path in paths if not path.startswith("/schema")} == told


@pytest.mark.parametrize("fault", ["html", "wrong_type", "invalid_utf8", "huge_body", "gzip_bomb"])
async def test_api10_what_vendors_answer_is_not_trusted(stack: Stack, fault: str) -> None:
    """Unsafe consumption of APIs: more of it in `tests/faults`."""
    assert fault in FAULTS
    await stack.fault("leadmagic", "email", fault)
    reply = await stack.enrich("email")
    stack.close_breakers()
    assert (reply.status, reply.json["status"]) == (200, "success")
    assert "<html" not in reply.text
