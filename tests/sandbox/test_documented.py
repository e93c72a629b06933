"""The documented contact, through every vendor and capability."""

from typing import Any

import pytest

from .client import Client

pytestmark = pytest.mark.asyncio

WORK, PERSONAL, PHONE = "mathieu@prontohq.com", "mathieu.bp@gmail.com", "+33612345678"
URL = "https://www.linkedin.com/in/mathieu-brun-picard/"
URLS = [
    URL,
    "linkedin.com/in/mathieu-brun-picard",
    "http://fr.linkedin.com/in/Mathieu-Brun-Picard/?utm_source=x",
    "www.linkedin.com/in/mathieu-brun-picard/en",
    "mathieu-brun-picard",
    "MATHIEU-BRUN-PICARD",
]
NAME = {"first_name": "Mathieu", "last_name": "Brun-Picard"}


@pytest.mark.parametrize(
    "given",
    [{"domain": "prontohq.com"}, {"company_name": "pronto"}, {"domain": "https://www.prontohq.com/x"}],
)
@pytest.mark.parametrize("name", [NAME, {"full_name": "mathieu brun picard"}])
async def test_leadmagic_email(client: Client, given: dict[str, str], name: dict[str, str]) -> None:
    answer = await client.vendor("/leadmagic/v1/people/email-finder", {**name, **given})
    body = answer.json
    assert (answer.status, body["email"], body["status"], body["credits_consumed"]) == (200, WORK, "valid", 1)
    assert {
        "mx_records_full",
        "company_linkedin_url",
        "company_location",
        "employment_verified",
    } <= body.keys()
    assert answer.headers["X-Headrace-Sandbox"] == "true"
    assert answer.headers["X-Credits-Cost"] == "1"
    assert answer.headers["X-Credits-Remaining"] == "999999"


@pytest.mark.parametrize("url", URLS)
async def test_leadmagic_by_profile(client: Client, url: str) -> None:
    email = await client.vendor("/leadmagic/v1/people/b2b-profile-email", {"profile_url": url})
    phone = await client.vendor("/leadmagic/v1/people/mobile-finder", {"profile_url": url})
    personal = await client.vendor("/leadmagic/v1/people/personal-email-finder", {"profile_url": url})
    assert email.json["email"] == WORK
    assert phone.json["mobile_number"] == "+33-6-12-34-56-78"
    assert personal.json["personal_email"] == PERSONAL
    assert (await client.control("spent"))["leadmagic"] == 12


@pytest.mark.parametrize("address", [WORK, PERSONAL])
async def test_verifiers(client: Client, address: str) -> None:
    magic = await client.vendor("/leadmagic/v1/people/email-validation", {"email": address})
    hunter = await client.vendor("/hunter/v2/email-verifier", params={"email": address})
    mail = await client.vendor("/findymail/api/verify", {"email": address})
    scale = await client.vendor("/airscale/v1/email-verifier", {"email": address})
    old = await client.vendor("/prospeo/email-verifier", {"email": address})
    assert magic.json["email_status"] == "valid"
    assert hunter.json["data"]["status"] == ("valid" if address == WORK else "webmail")
    assert hunter.json["data"]["result"] == "deliverable"
    assert mail.json["verified"] is True
    assert scale.json["result"] == "deliverable"
    assert old.json["response"]["email_status"] == "VALID"


@pytest.mark.parametrize(
    "given",
    [{**NAME, "domain": "prontohq.com"}, {**NAME, "company_name": "Pronto"}, {"linkedin_profile_url": URL}],
)
async def test_airscale_email(client: Client, given: dict[str, str]) -> None:
    body = (await client.vendor("/airscale/v1/email", given)).json
    assert (body["status"], body["email"], body["email_status"], body["catch_all"]) == (
        "success",
        WORK,
        "valid",
        "no",
    )
    assert ("linkedin_profile_url" in body) == ("linkedin_profile_url" in given)


@pytest.mark.parametrize("url", URLS)
async def test_airscale_by_profile(client: Client, url: str) -> None:
    phone = await client.vendor("/airscale/v1/phone", {"linkedin_profile_url": url})
    personal = await client.vendor("/airscale/v1/personal-email", {"linkedin_profile_url": url})
    assert (phone.json["phone_numbers"], phone.json["all_phone_numbers"]) == (PHONE, [PHONE])
    assert personal.json == {"status": "success", "email": PERSONAL}
    assert 43 <= (await client.control("spent"))["airscale"] <= 52


@pytest.mark.parametrize(
    "given",
    [
        {**NAME, "domain": "prontohq.com"},
        {"full_name": "Mathieu Brun-Picard", "company": "Pronto"},
        {"linkedin_handle": "mathieu-brun-picard"},
    ],
)
async def test_hunter_email(client: Client, given: dict[str, str]) -> None:
    body = (await client.vendor("/hunter/v2/email-finder", params=given)).json
    assert body["data"]["email"] == WORK
    assert body["data"]["verification"]["status"] == "valid"
    assert body["meta"]["params"]["max_duration"] == 10
    assert {name: body["meta"]["params"][name] for name in given} == given


@pytest.mark.parametrize(
    "data",
    [
        {"linkedin_url": URL},
        {**NAME, "company_website": "prontohq.com"},
        {"full_name": "Mathieu Brun-Picard", "company_name": "Pronto"},
        {"email": WORK},
    ],
)
async def test_prospeo(client: Client, data: dict[str, str]) -> None:
    joint = {"enrich_mobile": True, "data": data}
    body = (await client.vendor("/prospeo/enrich-person", joint)).json
    assert (body["error"], body["free_enrichment"]) == (False, False)
    assert (
        body["person"]["email"] | {"status": "VERIFIED", "revealed": True, "email": WORK}
        == body["person"]["email"]
    )
    assert body["person"]["mobile"]["mobile"] == PHONE
    assert body["company"]["domain"] == "prontohq.com"
    assert (await client.control("spent"))["prospeo"] == 10
    assert (await client.control("calls"))["prospeo"] == {"phone": 1}
    again = await client.vendor("/prospeo/enrich-person", joint)
    assert again.json["free_enrichment"] is True
    assert (await client.control("spent"))["prospeo"] == 10


async def test_prospeo_legacy(client: Client) -> None:
    by_name = await client.vendor("/prospeo/email-finder", {**NAME, "company": "prontohq.com"})
    by_url = await client.vendor("/prospeo/linkedin-email-finder", {"url": URL})
    alias = await client.vendor("/prospeo/social-url-enrichment", {"url": URL})
    mobile = await client.vendor("/prospeo/mobile-finder", {"url": URL})
    assert by_name.json["response"]["email"] == WORK
    assert by_url.json["response"]["email"]["email"] == WORK
    assert alias.json == by_url.json
    assert mobile.json["response"]["raw_format"] == PHONE


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("name", {"name": "Mathieu Brun-Picard", "domain": "prontohq.com"}),
        ("name", {"name": "Mathieu Brun-Picard", "domain": "Pronto"}),
        ("linkedin", {"linkedin_url": URL}),
        ("business-profile", {"linkedin_url": "mathieu-brun-picard"}),
    ],
)
async def test_findymail(client: Client, path: str, given: dict[str, str]) -> None:
    body = (await client.vendor(f"/findymail/api/search/{path}", given)).json
    assert body["contact"]["email"] == WORK
    assert {"id", "job_title", "linkedin_url", "company_city", "country"} <= body["contact"].keys()


async def test_findymail_gives_no_phone_of_an_eu_resident(client: Client) -> None:
    answer = await client.vendor("/findymail/api/search/phone", {"linkedin_url": URL})
    assert (answer.status, answer.json["phone"]) == (200, None)


SEED: dict[str, Any] = {
    "firstname": "Mathieu",
    "lastname": "Brun-Picard",
    "domain": "prontohq.com",
    "company_name": "Pronto",
    "linkedin_url": URL,
    "enrichment_type": ["email", "phone", "personal_email"],
    "custom": {"hubspot_id": "4447901"},
}


@pytest.mark.parametrize("path", ["single_enrich", "sync_single_enrich"])
async def test_pronto(client: Client, path: str) -> None:
    body = (await client.vendor(f"/pronto/v2/contacts/{path}", SEED)).json
    assert body.pop("enrichment_id")
    assert body == {
        "first_name": "Mathieu",
        "last_name": "Brun-Picard",
        "linkedin_profile_url": URL,
        "status": "success",
        "email": WORK,
        "email_status": "valid",
        "personal_email": PERSONAL,
        "personal_email_status": "valid",
        "phones": [PHONE],
        "phone_status": "valid",
        "custom": {"hubspot_id": "4447901"},
    }
    assert (await client.control("spent"))["pronto"] == 63
    assert (await client.control("calls"))["pronto"] == {"email": 1}


async def test_pronto_restricts_countries(client: Client) -> None:
    asked = SEED | {"enrichment_type": ["phone"], "phone_country_codes": ["US"]}
    body = (await client.vendor("/pronto/v2/contacts/single_enrich", asked)).json
    assert (body["status"], body["phones"], body["phone_status"]) == ("error", [], "not_found")
    assert body["message"] == "No phone found for this profile"
    assert (await client.control("spent"))["pronto"] == 0
