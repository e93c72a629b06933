"""The sandbox's own endpoints, and the bounds of the server."""

import io
import json
from typing import Any

import phonenumbers
import pytest

from .client import HEADERS, Client, Json

pytestmark = pytest.mark.asyncio

VENDORS = {"leadmagic", "airscale", "hunter", "prospeo", "findymail", "pronto"}


async def test_everyone(people: list[Json]) -> None:
    assert len(people) == 2000
    assert set(people[0]) == {
        "first_name",
        "last_name",
        "linkedin_url",
        "company",
        "domain",
        "work_email",
        "personal_email",
        "phones",
        "mail_policy",
    }
    assert people[0]["work_email"] == "mathieu@prontohq.com"
    policies = {person["domain"]: person["mail_policy"] for person in people}
    assert len(policies) == 200
    counts = {policy: list(policies.values()).count(policy) for policy in policies.values()}
    assert counts == {"normal": 140, "catch_all": 50, "unverifiable": 10}


async def test_everyone_can_be_told_apart_and_is_invented(people: list[Json]) -> None:
    invented = people[1:]
    for key in ("linkedin_url", "work_email", "personal_email"):
        values = [person[key] for person in people if person[key]]
        assert len(values) == len(set(values))
    addresses = [
        person[key] for person in invented for key in ("work_email", "personal_email") if person[key]
    ]
    assert all(address.isascii() and address.endswith((".example", ".test")) for address in addresses)
    assert 20 < sum(person["work_email"] is None for person in people) < 200
    assert any(not person["last_name"].isascii() for person in people)
    assert any(" " in person["last_name"] for person in people)


async def test_numbers_are_valid_and_from_several_countries(people: list[Json]) -> None:
    numbers = [phonenumbers.parse(number) for person in people for number in person["phones"]]
    assert all(phonenumbers.is_valid_number(number) for number in numbers)
    regions = {phonenumbers.region_code_for_number(number) for number in numbers}
    assert regions == {"FR", "US", "GB", "DE", "ES", "BE", "NL"}
    assert {len(person["phones"]) for person in people} == {0, 1, 2, 3}


async def test_books_start_full_and_empty(client: Client) -> None:
    balances = await client.control("balances")
    assert set(balances) == VENDORS
    assert {credits for pools in balances.values() for credits in pools.values()} == {1_000_000}
    assert await client.control("calls") == {vendor: {} for vendor in VENDORS}
    assert await client.control("spent") == dict.fromkeys(VENDORS, 0)


async def test_reset(client: Client) -> None:
    await client.control("variant", vendor="hunter", variant="miss_404")
    await client.control("balance", vendor="hunter", credits=3)
    await client.fault("hunter", "email", "http_503")
    nobody = {"full_name": "Nobody Atall", "domain": "nowhere.example"}
    assert (await client.vendor("/hunter/v2/email-finder", params=nobody)).status == 503
    await client.fault("hunter", "email", "http_503")
    await client.send("POST", "/_control/reset")
    assert (await client.vendor("/hunter/v2/email-finder", params=nobody)).status == 200
    assert (await client.control("calls"))["hunter"] == {"email": 1}
    assert (await client.control("balances"))["hunter"] == {"credits": 1_000_000}


async def test_latency_can_be_fixed_and_freed(client: Client) -> None:
    assert await client.control("latency", vendor="hunter", ms=1) == {"vendors": ["hunter"], "ms": 1}
    assert set((await client.control("latency", ms=2))["vendors"]) == VENDORS
    assert (await client.vendor("/hunter/v2/account")).status == 200
    assert (await client.control("latency", ms=None))["ms"] is None


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("latency", {}),
        ("latency", {"ms": -1}),
        ("latency", {"ms": "slow"}),
        ("latency", {"vendor": "nobody", "ms": 1}),
        ("balance", {"vendor": "hunter"}),
        ("balance", {"vendor": "hunter", "credits": True}),
        ("balance", {"vendor": "hunter", "credits": 1, "pool": "finder"}),
        ("variant", {"vendor": "hunter", "variant": "purple"}),
        ("variant", {}),
    ],
)
async def test_control_refuses_what_it_does_not_know(client: Client, path: str, fields: Json) -> None:
    answer = await client.send("POST", f"/_control/{path}", fields)
    assert answer.status == 400
    assert answer.json["error"]


async def test_paths_that_do_not_exist(client: Client) -> None:
    for path in ("/nobody/v1/email", "/_control/nothing", "/_world", "/hunter/v2/nothing", "/hunter", "//"):
        answer = await client.send("GET", path)
        assert answer.status in (200, 404)
        assert answer.headers["X-Headrace-Sandbox"] == "true"
    assert (await client.send("GET", "/leadmagic/v1/people/email-finder")).status == 405
    assert (await client.send("GET", "/_control/faults")).status == 405
    assert (await client.send("GET", "/")).json["sandbox"] is True


@pytest.mark.parametrize("path", ["/leadmagic/v1/people/email-finder", "/_control/faults"])
async def test_a_body_over_a_mebibyte_is_refused(client: Client, path: str) -> None:
    answer = await client.send(
        "POST", path, data=io.BytesIO(b" " * (1 << 20) + b"{}"), headers=HEADERS["leadmagic"]
    )
    assert answer.status == 413


async def test_airscale_has_smaller_limits(client: Client) -> None:
    for path, size in (("email", 256), ("email-verifier", 16)):
        body = b" " * (size * 1024) + b"{}"
        answer = await client.send("POST", f"/airscale/v1/{path}", data=body, headers=HEADERS["airscale"])
        assert answer.status == 413


MALFORMED = [
    ("/leadmagic/v1/people/email-finder", "validation_error"),
    ("/airscale/v1/email", "error"),
    ("/prospeo/enrich-person", "INVALID_REQUEST"),
    ("/prospeo/email-finder", "INVALID_PARAM"),
    ("/findymail/api/search/name", "message"),
    ("/pronto/v2/contacts/single_enrich", '"error":400'),
]


@pytest.mark.parametrize(("path", "text"), MALFORMED)
@pytest.mark.parametrize("body", [b"{", b"", b"[]", b"\xff", b"[" * 100_000, b'"x"'])
async def test_malformed_bodies_get_the_vendors_own_400(
    client: Client, path: str, text: str, body: bytes
) -> None:
    answer = await client.send("POST", path, data=body, headers=HEADERS[path.split("/")[1]])
    assert answer.status == 400
    assert text in answer.raw.decode()


INCOMPLETE: list[tuple[str, Any, int, str]] = [
    ("/leadmagic/v1/people/email-finder", {"first_name": "A", "last_name": "B"}, 400, "validation_error"),
    ("/leadmagic/v1/people/email-finder", {"domain": "prontohq.com"}, 400, "validation_error"),
    ("/leadmagic/v1/people/email-finder", {"full_name": 7, "domain": "x.example"}, 400, "validation_error"),
    ("/leadmagic/v1/people/mobile-finder", {}, 400, "validation_error"),
    ("/airscale/v1/email", {"first_name": "A", "last_name": "B"}, 400, ""),
    ("/airscale/v1/phone", {}, 400, ""),
    ("/airscale/v1/email-bulk", {"webhook_url": "http://127.0.0.1:1/", "inputs": [1]}, 400, ""),
    ("/prospeo/enrich-person", {"data": {"first_name": "A"}}, 400, "INVALID_DATAPOINTS"),
    ("/prospeo/enrich-person", {"data": 3}, 400, "INVALID_DATAPOINTS"),
    ("/prospeo/enrich-person", {"enrich_mobile": "yes", "data": {}}, 400, "INVALID_REQUEST"),
    ("/findymail/api/search/name", {"name": "A B"}, 422, "errors"),
    ("/pronto/v2/contacts/single_enrich", {"enrichment_type": ["fax"]}, 400, "enrichment_type"),
    ("/pronto/v2/contacts/single_enrich", {"enrichment_type": ["email"]}, 400, "firstname"),
]


@pytest.mark.parametrize(("path", "given", "status", "text"), INCOMPLETE)
async def test_incomplete_questions(client: Client, path: str, given: Json, status: int, text: str) -> None:
    answer = await client.vendor(path, given)
    assert answer.status == status
    assert text in answer.raw.decode()


@pytest.mark.parametrize("params", [{}, {"domain": "x.example"}, {"full_name": "A B"}])
async def test_hunter_wants_right_parameters(client: Client, params: dict[str, str]) -> None:
    answer = await client.vendor("/hunter/v2/email-finder", params=params)
    assert (answer.status, answer.json["errors"][0]["id"]) == (400, "wrong_params")
    whole = {"full_name": "A B", "domain": "x.example", "max_duration": "21"}
    assert (await client.vendor("/hunter/v2/email-finder", params=whole)).status == 400


KEYLESS: list[tuple[str, Any, int, str]] = [
    (
        "/leadmagic/v1/people/email-finder",
        {"full_name": "A B", "domain": "x.example"},
        401,
        "invalid_api_key",
    ),
    ("/airscale/v1/email", {"linkedin_profile_url": "x"}, 401, "unauthorized"),
    ("/hunter/v2/account", None, 401, "errors"),
    ("/prospeo/enrich-person", {"data": {"linkedin_url": "x"}}, 401, '"error_code":"INVALID_API_KEY"'),
    ("/prospeo/mobile-finder", {"url": "x"}, 401, '"message":"INVALID_API_KEY"'),
    ("/findymail/api/verify", {"email": "a@b.example"}, 401, '{"message":"Unauthenticated."}'),
    ("/pronto/v2/contacts/single_enrich", {"enrichment_type": ["email"]}, 401, '"error":401'),
]


@pytest.mark.parametrize(("path", "given", "status", "text"), KEYLESS)
@pytest.mark.parametrize("key", [None, "bad-key"])
async def test_keys(client: Client, path: str, given: Any, status: int, text: str, key: str | None) -> None:
    headers = {name: value.replace("key-1", "bad-key") for name, value in HEADERS[path.split("/")[1]].items()}
    if key is None:
        headers = {"Accept": "application/json"}
    answer = await client.send("GET" if given is None else "POST", path, given, headers=headers)
    assert answer.status == status
    assert text in answer.raw.decode()


async def test_a_leadmagic_bad_key_is_problem_details(client: Client) -> None:
    answer = await client.send("GET", "/leadmagic/v1/credits")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["request_id"]


async def test_findymail_sends_a_browser_to_log_in(client: Client) -> None:
    answer = await client.send(
        "POST", "/findymail/api/verify", {"email": "a@b.example"}, headers={"Accept": "*/*"}
    )
    assert (answer.status, answer.headers["Location"]) == (302, "/findymail/login")
    page = await client.send("GET", answer.headers["Location"])
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=UTF-8")


@pytest.mark.parametrize(
    ("headers", "params"),
    [({"X-API-KEY": "k"}, {}), ({}, {"api_key": "k"}), ({"Authorization": "Bearer k"}, {})],
)
async def test_hunter_takes_its_key_in_three_places(
    client: Client, headers: dict[str, str], params: dict[str, str]
) -> None:
    assert (await client.send("GET", "/hunter/v2/account", headers=headers, params=params)).status == 200


async def test_replies_are_json_with_a_length(client: Client) -> None:
    answer = await client.send("GET", "/_world/people")
    assert int(answer.headers["Content-Length"]) == len(answer.raw)
    assert json.loads(answer.raw) == answer.json
