"""The other forms of an answer that a page allows, each behind its switch."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from headrace.sandbox import create_app

from .client import Client, Json
from .inprocess import ask

pytestmark = pytest.mark.asyncio

URL = "https://www.linkedin.com/in/mathieu-brun-picard/"
NAME = {"first_name": "Mathieu", "last_name": "Brun-Picard"}
WORK = "mathieu@prontohq.com"
NOBODY = {"name": "Nobody Atall", "domain": "prontohq.com"}


async def on(client: Client, vendor: str, *variants: str) -> None:
    for variant in variants:
        await client.control("variant", vendor=vendor, variant=variant)


async def test_leadmagic_older_words(client: Client, people: list[Json]) -> None:
    await on(client, "leadmagic", "legacy_status", "legacy_paths")
    found, checked = set(), set()
    for person in people[:500]:
        given = {key: person[key] for key in ("first_name", "last_name", "domain")}
        body = (await client.vendor("/leadmagic/email-finder", given)).json
        assert (body["email"] is None) == (body["status"] == "not_found")
        found.add(body["status"])
        if person["work_email"]:
            answer = await client.vendor("/leadmagic/email-validate", {"email": person["work_email"]})
            checked.add(answer.json["email_status"])
    assert found == {"valid", "valid_catch_all", "catch_all", "not_found"}
    assert checked == {"valid", "valid_catch_all", "catch_all", "invalid", "unknown"}


async def test_leadmagic_forms(client: Client) -> None:
    await on(client, "leadmagic", "personal_404", "personal_first_only", "company_profile_keys")
    path = "/leadmagic/v1/people/personal-email-finder"
    assert (await client.vendor(path, {"profile_url": "nobody"})).status == 404
    hit = (await client.vendor(path, {"profile_url": URL})).json
    assert "personal_email" not in hit
    assert hit["personal_emails"] == [hit["first_personal_email"]]
    found = (
        await client.vendor("/leadmagic/v1/people/email-finder", {**NAME, "domain": "prontohq.com"})
    ).json
    assert "company_profile_url" in found
    assert "company_linkedin_url" not in found


async def test_legacy_paths_are_shut_by_default(client: Client) -> None:
    assert (await client.vendor("/leadmagic/email-finder", {})).status == 404


async def test_airscale_verifier_forms(client: Client) -> None:
    path, asked = "/airscale/v1/email-verifier", {"email": WORK}
    await on(client, "airscale", "verifier_201", "verifier_wrapped", "credits_top_level", "phone_array")
    answer = await client.vendor(path, asked)
    assert (answer.status, answer.json["body"]["result"]) == (201, "deliverable")
    assert answer.json["returned_an_error"] is False
    await on(client, "airscale", "verifier_422")
    assert (await client.vendor(path, asked)).status == 422
    assert (await client.vendor("/airscale/v1/credits", {})).json == {"credits": 999_999}
    assert (await client.vendor("/airscale/v1/phone", {"linkedin_profile_url": URL})).json[
        "phone_numbers"
    ] == ["+33612345678"]


async def test_airscale_fails_after_the_charge(client: Client) -> None:
    await on(client, "airscale", "charged_502", "strict_fields")
    asked = {"linkedin_profile_url": URL}
    assert (await client.vendor("/airscale/v1/personal-email", asked)).status == 502
    assert (await client.control("spent"))["airscale"] >= 3
    assert (await client.vendor("/airscale/v1/email", asked | {"extra": 1})).status == 400


async def test_airscale_url_search(client: Client) -> None:
    answer = await client.vendor("/airscale/v1/url-search-people", {**NAME, "company_name": "Pronto"})
    assert answer.json["status"] in ("success", "not_found")
    assert answer.json.get("url", URL) == URL


async def test_hunter_miss_and_error_forms(client: Client) -> None:
    await on(client, "hunter", "miss_404", "mcp_errors")
    asked = {"full_name": "Nobody Atall", "domain": "prontohq.com"}
    assert (await client.vendor("/hunter/v2/email-finder", params=asked)).status == 404
    await client.fault("hunter", "email", "rate_limited")
    limited = await client.vendor("/hunter/v2/email-finder", params=asked)
    assert (limited.status, limited.headers["Retry-After"]) == (429, "1")
    await client.control("balance", vendor="hunter", credits=0)
    assert (await client.vendor("/hunter/v2/email-finder", params=asked)).status == 402


async def test_hunter_still_processing_is_charged_once(client: Client) -> None:
    await on(client, "hunter", "processing")
    asked = {"linkedin_handle": "mathieu-brun-picard"}
    answers = [await client.vendor("/hunter/v2/email-finder", params=asked) for _ in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 200, 200]
    assert (await client.control("spent"))["hunter"] == 1
    checks = [await client.vendor("/hunter/v2/email-verifier", params={"email": WORK}) for _ in range(3)]
    assert [answer.status for answer in checks] == [202, 202, 200]


@pytest.mark.parametrize(
    ("variant", "status"), [("restricted", 451), ("smtp_222", 222), ("blocked_status", 200)]
)
async def test_hunter_verifier_forms(client: Client, variant: str, status: int) -> None:
    await on(client, "hunter", variant)
    answer = await client.vendor("/hunter/v2/email-verifier", params={"email": WORK})
    assert answer.status == status
    if status == 200:
        assert answer.json["data"]["status"] == "blocked"


@pytest.mark.parametrize("variant", ["miss_email_null", "miss_unrevealed"])
async def test_prospeo_miss_forms(client: Client, people: list[Json], variant: str) -> None:
    await on(client, "prospeo", variant)
    shapes = set()
    for person in people[:60]:
        answer = await client.vendor(
            "/prospeo/enrich-person", {"data": {"linkedin_url": person["linkedin_url"]}}
        )
        assert answer.status == 200
        email = answer.json["person"]["email"]
        shapes.add(email and email["revealed"])
    assert True in shapes
    assert (None if variant == "miss_email_null" else False) in shapes


async def test_prospeo_shows_every_form_of_a_match(client: Client, people: list[Json]) -> None:
    emails, mobiles, statuses = set(), set(), set()
    for person in people[:400]:
        asked = {"enrich_mobile": True, "data": {"linkedin_url": person["linkedin_url"]}}
        answer = await client.vendor("/prospeo/enrich-person", asked)
        statuses.add(answer.status)
        if answer.status == 200:
            email, mobile = answer.json["person"]["email"], answer.json["person"]["mobile"]
            emails.add((email["status"], email["revealed"]) if email else None)
            mobiles.add(("status", mobile["status"]) if mobile else None)
    assert statuses == {200, 400}
    assert emails == {None, ("VERIFIED", True), ("UNVERIFIED", True), ("UNVERIFIED", False)}
    assert mobiles == {None, ("status", "VERIFIED"), ("status", None)}


async def test_prospeo_errors(client: Client) -> None:
    await on(client, "prospeo", "internal_error", "no_result_200")
    answer = await client.vendor("/prospeo/enrich-person", {"data": {"linkedin_url": URL}})
    assert (answer.status, answer.json["error_code"]) == (400, "INTERNAL_ERROR")
    missed = await client.vendor("/prospeo/mobile-finder", {"url": "nobody"})
    assert (missed.status, missed.json["message"]) == (200, "NO_RESULT")
    await on(client, "prospeo", "legacy_retired")
    assert (await client.vendor("/prospeo/mobile-finder", {"url": URL})).status == 404


@pytest.mark.parametrize(
    ("variant", "status", "contact"),
    [("miss_404", 404, "none"), ("miss_empty_contact", 200, {}), ("paused", 423, "none")],
)
async def test_findymail_misses(client: Client, variant: str, status: int, contact: Any) -> None:
    await on(client, "findymail", variant)
    answer = await client.vendor("/findymail/api/search/name", NOBODY)
    assert (answer.status, answer.json.get("contact", "none")) == (status, contact)


async def test_findymail_forms(client: Client) -> None:
    await on(client, "findymail", "credits_402", "alias_domain")
    asked = {"linkedin_url": URL}
    contact = (await client.vendor("/findymail/api/search/linkedin", asked)).json["contact"]
    assert (contact["email"], contact["domain"]) == (WORK, "alias-prontohq.com")
    await client.control("balance", vendor="findymail", credits=0)
    assert (await client.vendor("/findymail/api/search/linkedin", asked)).status == 402


async def test_pronto_forms(client: Client, people: list[Json]) -> None:
    await on(client, "pronto", "lenient", "deliverability", "finished_status", "phone_objects")
    path = "/pronto/v2/contacts/single_enrich"
    whole = (await client.vendor(path, {"linkedin_url": URL, "enrichment_type": ["email", "phone"]})).json
    assert (whole["status"], whole["email_status"], whole["first_name"]) == (
        "finished",
        "deliverable",
        "Mathieu",
    )
    assert whole["phones"] == [{"number": "+33612345678", "type": "mobile"}]
    words = set()
    for person in people[:200]:
        asked = {"linkedin_url": person["linkedin_url"], "enrichment_type": ["email"]}
        words.add((await client.vendor(path, asked)).json["email_status"])
    assert words == {"deliverable", "catch-all", "N/A"}
    await on(client, "pronto", "no_consent")
    refused = await client.vendor(path, {"linkedin_url": URL, "enrichment_type": ["personal_email"]})
    assert (refused.status, refused.json["error"]) == (422, 422)
    assert "consenting" in refused.json["message"]


async def test_pronto_lenient_passes_over_a_phone_without_a_profile(client: Client) -> None:
    await on(client, "pronto", "lenient")
    asked = {"firstname": "Mathieu", "lastname": "Brun-Picard", "domain": "prontohq.com"}
    asked_kinds: Json = asked | {"enrichment_type": ["email", "phone"]}
    body = (await client.vendor("/pronto/v2/contacts/single_enrich", asked_kinds)).json
    assert (body["email"], body["phones"], body["phone_status"]) == (WORK, [], "not_found")


async def test_a_null_variant_clears(client: Client) -> None:
    await on(client, "hunter", "miss_404", "mcp_errors")
    assert (await client.control("variant", vendor="hunter", variant=None))["variants"] == []


async def test_webhooks(client: Client) -> None:
    received: asyncio.Queue[Json] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await received.put(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        asked = {"linkedin_url": URL, "webhook_url": url}
        await client.vendor("/findymail/api/search/business-profile", asked)
        assert (await asyncio.wait_for(received.get(), 60))["payload"]["contact"]["email"] == WORK
        items = [{"linkedin_profile_url": URL, "custom_id": "a"}, {"first_name": "only"}]
        answer = await client.vendor("/airscale/v1/email-bulk", {"webhook_url": url, "inputs": items})
        assert (answer.status, answer.json) == (202, {"status": "accepted", "count": 2})
        posted = [await asyncio.wait_for(received.get(), 60) for _ in items]
        assert {(item["custom_id"], item["status"]) for item in posted} == {("a", "success"), (1, "error")}
    finally:
        await runner.cleanup()


async def test_prospeo_verified_only(client: Client, people: list[Json]) -> None:
    seen = set()
    for person in people[:250]:
        data = {"linkedin_url": person["linkedin_url"]}
        asked = {"only_verified_email": True, "only_verified_mobile": True, "data": data}
        answer = await client.vendor("/prospeo/enrich-person", asked)
        found = answer.json.get("person") or {}
        seen |= {(kind, (found.get(kind) or {}).get("status")) for kind in ("email", "mobile")}
    assert seen == {(kind, status) for kind in ("email", "mobile") for status in ("VERIFIED", None)}


async def test_prospeo_longer_rate_code(client: Client) -> None:
    await on(client, "prospeo", "rate_limit_exceeded")
    await client.fault("prospeo", "email", "rate_limited")
    answer = await client.vendor("/prospeo/enrich-person", {"data": {"linkedin_url": URL}})
    assert (answer.status, answer.json["error_code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert "x-minute-request-left" in answer.headers
    assert "Retry-After" not in answer.headers


async def test_airscale_risky_and_sparse(client: Client, people: list[Json]) -> None:
    await on(client, "airscale", "risky_email", "sparse")
    seen = set()
    for person in people[:200]:
        body = (
            await client.vendor("/airscale/v1/email", {"linkedin_profile_url": person["linkedin_url"]})
        ).json
        assert "provider" not in body
        seen.add((body.get("email_status"), body.get("catch_all")))
    assert {("valid", "no"), ("valid", "yes"), ("risky", "yes"), (None, None)} <= seen


async def test_findymail_nested_phone(client: Client, people: list[Json]) -> None:
    await on(client, "findymail", "nested_phone")
    found = []
    for person in people[:200]:
        answer = await client.vendor("/findymail/api/search/phone", {"linkedin_url": person["linkedin_url"]})
        found += [answer.json["contact"]["phone"]] if "contact" in answer.json else []
    assert found
    assert (await client.control("spent"))["findymail"] == 10 * len(found)


async def test_findymail_takes_so_many_calls_at_once() -> None:
    """Without sockets all have come before the first is answered, however slow the machine is."""
    app = create_app(latency_scale=0)
    await ask(app, "/_control/variant", {"vendor": "findymail", "variant": "concurrency_cap"})
    await ask(app, "/_control/latency", {"vendor": "findymail", "ms": 100})
    asked = [ask(app, "/findymail/api/verify", {"email": WORK}) for _ in range(310)]
    statuses = [status for status, _ in await asyncio.gather(*asked)]
    assert (statuses.count(200), statuses.count(429)) == (300, 10)
