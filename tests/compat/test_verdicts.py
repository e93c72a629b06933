"""The words for what is known about an address, and what is never returned."""

import itertools
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from tests.stack import ENRICH, Reply, Stack, running

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One vendor, whose verdicts are all that is known."""
    directory = tmp_path_factory.mktemp("stack")
    with running(
        directory, vendors=["leadmagic"], VERIFICATION__ORDER="", SERVER__RATE_LIMIT="100000"
    ) as made:
        yield made


@pytest.fixture(scope="module")
def verifying_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One vendor that finds and is asked to verify what it found."""
    directory = tmp_path_factory.mktemp("verifying")
    with running(
        directory, vendors=["leadmagic"], VERIFICATION__ORDER="leadmagic", SERVER__RATE_LIMIT="100000"
    ) as made:
        yield made


class Vendor:
    """The sandbox's LeadMagic, spoken to directly: what it says is what Headrace has to go by."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.session = session

    async def post(self, path: str, **body: str) -> dict[str, Any]:
        url = f"{self.stack.sandbox_url}/leadmagic/v1/people/{path}"
        async with self.session.post(url, json=body, headers={"X-API-Key": "sandbox"}) as reply:
            answer: dict[str, Any] = await reply.json()
            return answer

    async def find_work_email(self, person: dict[str, Any]) -> dict[str, Any]:
        who = {"first_name": person["first_name"], "last_name": person["last_name"]}
        return await self.post("email-finder", **who, domain=person["domain"])

    async def word_on(self, address: str) -> str:
        word: str = (await self.post("email-validation", email=address))["email_status"]
        return word


async def people(stack: Stack, policy: str) -> list[dict[str, Any]]:
    """Those whose employer's mail server behaves so."""
    everyone = await stack.control("_world/people")
    return [person for person in everyone if person["mail_policy"] == policy]


async def someone_whose_status_is(stack: Stack, word: str) -> dict[str, Any]:
    """Somebody on an accept-all domain of whom the vendor says this word; its own spelling is added."""
    async with aiohttp.ClientSession() as session:
        vendor = Vendor(stack, session)
        for person in await people(stack, "catch_all"):
            said = await vendor.find_work_email(person)
            if said.get("status") == word:
                return {**person, "vendor_email": said["email"]}
    raise AssertionError(f"nobody is {word}")


async def enrich(stack: Stack, person: dict[str, Any], *kinds: str, **settings: Any) -> Reply:
    """Look for this person on a new account with these settings."""
    key = await stack.open_account(f"verdicts {next(NUMBERS)}", consents=True, **settings)
    reply = await stack.enrich(
        *kinds,
        key=key,
        firstname=person["first_name"],
        lastname=person["last_name"],
        domain=person["domain"],
        company_name=person["company"],
        linkedin_url=person["linkedin_url"],
    )
    assert reply.status == 200, reply.text
    charged = float(reply.headers["X-Headrace-Credits-Charged"])
    assert await stack.balance(key) == (1000 - charged, 0)
    return reply


WORDS = [("schema", "valid"), ("deliverability", "deliverable")]


@pytest.mark.parametrize(("vocabulary", "word"), WORDS)
async def test_a_confirmed_address_is_valid_or_deliverable_as_the_account_chose(
    stack: Stack, vocabulary: str, word: str
) -> None:
    key = await stack.open_account(f"verdicts {next(NUMBERS)}", email_status_vocabulary=vocabulary)
    reply = await stack.enrich("email", key=key)
    assert (reply.json["email"], reply.json["email_status"]) == ("mathieu@prontohq.com", word)
    account = await stack.send("GET", "/v2/account", key=key)
    assert account.json["email_status_vocabulary"] == vocabulary


@pytest.mark.parametrize(("vocabulary", "word"), [("schema", "valid"), ("deliverability", "catch-all")])
async def test_a_vouched_for_catch_all_address_is_valid_or_catch_all_as_the_account_chose(
    stack: Stack, vocabulary: str, word: str
) -> None:
    await stack.control("_control/variant", vendor="leadmagic", variant="legacy_status")
    person = await someone_whose_status_is(stack, "valid_catch_all")
    reply = await enrich(stack, person, "email", email_status_vocabulary=vocabulary)
    assert (reply.json["email"], reply.json["email_status"]) == (person["vendor_email"], word)
    assert reply.headers["X-Headrace-Credits-Charged"] == "3"


@pytest.mark.parametrize("vocabulary", ["schema", "deliverability"])
async def test_a_catch_all_address_nobody_vouched_for_is_not_returned(stack: Stack, vocabulary: str) -> None:
    await stack.control("_control/variant", vendor="leadmagic", variant="legacy_status")
    person = await someone_whose_status_is(stack, "catch_all")
    reply = await enrich(stack, person, "email", email_status_vocabulary=vocabulary)
    assert (reply.json["status"], reply.json["email"], reply.json["email_status"]) == ("error", None, "N/A")
    assert reply.headers["X-Headrace-Credits-Charged"] == "0"


@pytest.mark.parametrize("vocabulary", ["schema", "deliverability"])
async def test_an_account_that_accepts_risk_gets_it_as_catch_all_and_never_as_valid(
    stack: Stack, vocabulary: str
) -> None:
    await stack.control("_control/variant", vendor="leadmagic", variant="legacy_status")
    person = await someone_whose_status_is(stack, "catch_all")
    reply = await enrich(stack, person, "email", accept_risky=True, email_status_vocabulary=vocabulary)
    assert (reply.json["email"], reply.json["email_status"]) == (person["vendor_email"], "catch-all")
    assert reply.headers["X-Headrace-Credits-Charged"] == "3"


@pytest.mark.parametrize("accept_risky", [False, True])
async def test_an_address_of_which_nothing_is_known_is_not_returned(stack: Stack, accept_risky: bool) -> None:
    key = await stack.open_account(f"verdicts {next(NUMBERS)}", consents=True, accept_risky=accept_risky)
    reply = await stack.enrich("personal_email", key=key, path=f"{ENRICH}?expand=attempts")
    assert reply.json["attempts"][0]["values"] == ["mathieu.bp@gmail.com"]
    assert (reply.json["personal_email"], reply.json["personal_email_status"]) == (None, "N/A")
    assert await stack.balance(key) == (1000, 0)


async def someone_whose_personal_email_is(stack: Stack, word: str) -> dict[str, Any]:
    """Somebody whose address with this vendor gets this word from the same vendor's check."""
    async with aiohttp.ClientSession() as session:
        vendor = Vendor(stack, session)
        for person in await stack.control("_world/people"):
            said = await vendor.post("personal-email-finder", profile_url=person["linkedin_url"])
            address = said.get("personal_email")
            if address and await vendor.word_on(address) == word:
                return {**person, "vendor_email": address}
    raise AssertionError(f"nobody's personal address is {word}")


async def test_a_personal_address_that_fails_its_check_is_invalid_empty_and_free(
    verifying_stack: Stack,
) -> None:
    person = await someone_whose_personal_email_is(verifying_stack, "invalid")
    for vocabulary in ("schema", "deliverability"):
        reply = await enrich(verifying_stack, person, "personal_email", email_status_vocabulary=vocabulary)
        assert reply.json["status"] == "error"
        assert reply.json["message"] == "No personal email found for this profile"
        assert (reply.json["personal_email"], reply.json["personal_email_status"]) == (None, "invalid")
        assert reply.headers["X-Headrace-Credits-Charged"] == "0"
        assert person["vendor_email"] not in reply.text


async def test_a_personal_address_that_passes_its_check_is_valid_in_both_vocabularies(
    verifying_stack: Stack,
) -> None:
    person = await someone_whose_personal_email_is(verifying_stack, "valid")
    for vocabulary in ("schema", "deliverability"):
        reply = await enrich(verifying_stack, person, "personal_email", email_status_vocabulary=vocabulary)
        assert reply.json["personal_email"] == person["vendor_email"]
        assert reply.json["personal_email_status"] == "valid"


async def test_a_work_address_that_fails_its_check_is_never_returned(verifying_stack: Stack) -> None:
    async with aiohttp.ClientSession() as session:
        vendor = Vendor(verifying_stack, session)
        wrong = None
        for person in await people(verifying_stack, "normal"):
            said = await vendor.post("b2b-profile-email", profile_url=person["linkedin_url"])
            if said.get("email") and await vendor.word_on(said["email"]) == "invalid":
                wrong = said["email"]
                break
        assert wrong, "the vendor has a wrong address of somebody"
    key = await verifying_stack.open_account(f"verdicts {next(NUMBERS)}", validation="lenient")
    body = {"linkedin_url": person["linkedin_url"], "enrichment_type": ["email"]}
    reply = await verifying_stack.send("POST", ENRICH, key=key, body=body)
    assert (reply.json["status"], reply.json["email"], reply.json["email_status"]) == ("error", None, "N/A")
    assert wrong not in reply.text
    assert await verifying_stack.balance(key) == (1000, 0)
