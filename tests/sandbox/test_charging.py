"""What each vendor charges, and what it says when there is nothing left."""

from typing import Any

import pytest

from .client import Client, Json

pytestmark = pytest.mark.asyncio

URL = "https://www.linkedin.com/in/mathieu-brun-picard/"
NAME = {"first_name": "Mathieu", "last_name": "Brun-Picard"}
NOBODY: Json = {"first_name": "Nobody", "last_name": "Atall"}
WORK = "mathieu@prontohq.com"
PRONTO: Json = {"firstname": "Mathieu", "lastname": "Brun-Picard", "linkedin_url": URL}

PRICES: list[tuple[str, Any, float]] = [
    ("/leadmagic/v1/people/email-finder", {**NAME, "domain": "prontohq.com"}, 1),
    ("/leadmagic/v1/people/email-finder", {**NOBODY, "domain": "prontohq.com"}, 0),
    ("/leadmagic/v1/people/b2b-profile-email", {"profile_url": URL}, 5),
    ("/leadmagic/v1/people/b2b-profile-email", {"profile_url": "nobody-at-all"}, 0),
    ("/leadmagic/v1/people/mobile-finder", {"work_email": WORK}, 5),
    ("/leadmagic/v1/people/mobile-finder", {"profile_url": "nobody-at-all"}, 0),
    ("/leadmagic/v1/people/personal-email-finder", {"profile_url": URL}, 2),
    ("/leadmagic/v1/people/personal-email-finder", {"profile_url": "nobody-at-all"}, 0),
    ("/leadmagic/v1/people/email-validation", {"email": WORK}, 0.25),
    ("/leadmagic/v1/people/email-validation", {"email": "nobody@elsewhere.example"}, 0),
    ("/leadmagic/v1/people/email-validation", {"email": "not an address"}, 0),
    ("/airscale/v1/email", {**NAME, "domain": "prontohq.com"}, 2),
    ("/airscale/v1/email", {**NOBODY, "domain": "prontohq.com"}, 0),
    ("/airscale/v1/phone", {"linkedin_profile_url": URL}, 40),
    ("/airscale/v1/phone", {"linkedin_profile_url": "nobody-at-all"}, 0),
    ("/airscale/v1/email-verifier", {"email": WORK}, 0.5),
    ("/airscale/v1/email-verifier", {"email": "nobody@elsewhere.example"}, 0.5),
    ("/prospeo/enrich-person", {"data": {"linkedin_url": URL}}, 1),
    ("/prospeo/enrich-person", {"only_verified_mobile": True, "data": {"linkedin_url": URL}}, 10),
    ("/prospeo/enrich-person", {"data": {"linkedin_url": "nobody-at-all"}}, 0),
    ("/prospeo/email-finder", {**NAME, "company": "pronto"}, 1),
    ("/prospeo/linkedin-email-finder", {"url": URL}, 1),
    ("/prospeo/mobile-finder", {"url": URL}, 10),
    ("/prospeo/email-verifier", {"email": WORK}, 0.5),
    ("/findymail/api/search/name", {"name": "Mathieu Brun-Picard", "domain": "prontohq.com"}, 1),
    ("/findymail/api/search/linkedin", {"linkedin_url": "nobody-at-all"}, 0),
    ("/findymail/api/search/phone", {"linkedin_url": URL}, 0),
    ("/findymail/api/verify", {"email": WORK}, 1),
    ("/findymail/api/verify", {"email": "nobody@elsewhere.example"}, 1),
    ("/pronto/v2/contacts/single_enrich", {**PRONTO, "enrichment_type": ["email"]}, 3),
    ("/pronto/v2/contacts/single_enrich", {**PRONTO, "enrichment_type": ["phone"]}, 30),
    ("/pronto/v2/contacts/single_enrich", {**PRONTO, "enrichment_type": ["phone", "email", "phone"]}, 33),
]


@pytest.mark.parametrize(("path", "given", "price"), PRICES)
async def test_price(client: Client, path: str, given: Json, price: float) -> None:
    await client.vendor(path, given)
    spent = await client.control("spent")
    vendor = path.split("/")[1]
    assert spent.pop(vendor) == price
    assert set(spent.values()) == {0}


async def test_hunter_charges_a_find_once(client: Client) -> None:
    for _ in range(3):
        answer = await client.vendor("/hunter/v2/email-finder", params={**NAME, "domain": "prontohq.com"})
        assert answer.json["data"]["email"] == WORK
    await client.vendor("/hunter/v2/email-verifier", params={"email": WORK})
    account = await client.vendor("/hunter/v2/account")
    meter = account.json["data"]["requests"]["credits"]
    assert meter == {"used": 1.5, "available": 1_000_000.0, "remaining": 999_998.5}


async def test_airscale_personal_email_has_the_price_of_its_source(
    client: Client, people: list[Json]
) -> None:
    seen = set()
    for person in people[:60]:
        before = (await client.control("spent"))["airscale"]
        answer = await client.vendor(
            "/airscale/v1/personal-email", {"linkedin_profile_url": person["linkedin_url"]}
        )
        paid = (await client.control("spent"))["airscale"] - before
        assert (paid > 0) == (answer.json["status"] == "success")
        seen.add(paid)
    assert seen <= {0, 3, 5, 8, 12}
    assert len(seen) > 2


async def test_findymail_pools_are_apart(client: Client) -> None:
    await client.vendor("/findymail/api/verify", {"email": WORK})
    await client.control("balance", vendor="findymail", pool="finder", credits=7)
    balance = (await client.vendor("/findymail/api/credits")).json
    assert (balance["credits"], balance["verifier_credits"]) == (7, 999_999)
    assert (await client.control("balances"))["findymail"] == {"finder": 7, "verifier": 999_999}


BALANCES: list[tuple[str, Any, Any]] = [
    ("/leadmagic/v1/credits", None, lambda body: body["credits"]),
    ("/airscale/v1/credits", {}, lambda body: body["response"]["credits"]),
    ("/hunter/v2/account", None, lambda body: body["data"]["requests"]["credits"]["remaining"]),
    ("/prospeo/account-information", None, lambda body: body["response"]["remaining_credits"]),
    ("/findymail/api/credits", None, lambda body: body["verifier_credits"]),
    ("/pronto/v2/credits", None, lambda body: body["credits"]),
    ("/pronto/api/v2/credits", None, lambda body: body["credits"]),
]


@pytest.mark.parametrize(("path", "given", "read"), BALANCES)
async def test_balance(client: Client, path: str, given: Any, read: Any) -> None:
    vendor = path.split("/")[1]
    await client.control("balance", vendor=vendor, credits=12.75)
    assert read((await client.vendor(path, given)).json) == 12.75
    assert (await client.control("calls"))[vendor] == {}


OUT: list[tuple[str, Any, int, str]] = [
    ("/leadmagic/v1/people/email-finder", {**NAME, "domain": "prontohq.com"}, 402, "insufficient_credits"),
    ("/airscale/v1/phone", {"linkedin_profile_url": URL}, 403, ""),
    ("/prospeo/enrich-person", {"data": {"linkedin_url": URL}}, 400, "INSUFFICIENT_CREDITS"),
    ("/prospeo/email-finder", {**NAME, "company": "pronto"}, 400, '"message":"INSUFFICIENT_CREDITS"'),
    ("/findymail/api/verify", {"email": WORK}, 200, '{"error":"Not enough credits"}'),
    ("/pronto/v2/contacts/single_enrich", {**PRONTO, "enrichment_type": ["email"]}, 422, "credits"),
]


@pytest.mark.parametrize(("path", "given", "status", "text"), OUT)
async def test_out_of_credits(client: Client, path: str, given: Json, status: int, text: str) -> None:
    vendor = path.split("/")[1]
    await client.control("balance", vendor=vendor, credits=0.2)
    answer = await client.vendor(path, given)
    assert answer.status == status
    assert text in answer.raw.decode()
    assert (await client.control("spent"))[vendor] == 0


async def test_hunter_out_of_credits_still_repeats_what_was_bought(client: Client) -> None:
    bought = {**NAME, "domain": "prontohq.com"}
    await client.vendor("/hunter/v2/email-finder", params=bought)
    await client.control("balance", vendor="hunter", credits=0)
    again = await client.vendor("/hunter/v2/email-finder", params=bought)
    other = await client.vendor("/hunter/v2/email-finder", params={**NOBODY, "domain": "prontohq.com"})
    assert again.json["data"]["email"] == WORK
    assert other.status == 429


async def test_pronto_needs_the_full_price_of_what_is_asked(client: Client) -> None:
    await client.control("balance", vendor="pronto", credits=32)
    path = "/pronto/v2/contacts/single_enrich"
    assert (await client.vendor(path, {**PRONTO, "enrichment_type": ["email", "phone"]})).status == 422
    assert (await client.vendor(path, {**PRONTO, "enrichment_type": ["phone"]})).status == 200
