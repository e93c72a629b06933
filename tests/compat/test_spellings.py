"""LinkedIn URLs, domains and countries in the spellings that clients send."""

import itertools
from collections.abc import Iterator

import phonenumbers
import pytest

from tests.compat.pages import VENDORS, without_id
from tests.stack import ENRICH, SEED, Stack, running

CANONICAL = SEED["linkedin_url"]
NUMBERS = itertools.count()

PROFILES = [
    "https://www.linkedin.com/in/mathieu-brun-picard",
    "http://www.linkedin.com/in/mathieu-brun-picard/",
    "www.linkedin.com/in/mathieu-brun-picard",
    "linkedin.com/in/mathieu-brun-picard/",
    "https://fr.linkedin.com/in/mathieu-brun-picard/?originalSubdomain=fr",
    "https://www.linkedin.com/in/mathieu-brun-picard/?utm_source=share&utm_medium=x",
    "https://www.linkedin.com/in/mathieu-brun-picard#about",
    "https://www.linkedin.com/in/mathieu-brun-picard/details/experience/",
    "HTTPS://WWW.LinkedIn.COM/in/mathieu-brun-picard/",
    "  https://www.linkedin.com/in/mathieu-brun-picard/  ",
]


@pytest.mark.parametrize("url", PROFILES)
async def test_every_spelling_of_a_profile_finds_the_same_person(stack: Stack, url: str) -> None:
    reply = await stack.enrich("phone", linkedin_url=url)
    assert reply.status == 200
    assert reply.json["phones"] == ["+33612345678"]
    assert reply.json["linkedin_profile_url"] == CANONICAL


async def test_a_member_id_keeps_its_case(stack: Stack) -> None:
    url = "https://www.linkedin.com/in/ACwAAABcDeFgHiJkLmNoPq"
    reply = await stack.enrich("email", linkedin_url=url)
    assert reply.status == 200
    assert reply.json["linkedin_profile_url"] == f"{url}/"


ODD_PROFILES = [
    "https://www.linkedin.com/company/pronto/",
    "https://www.linkedin.com/",
    "https://example.com/in/mathieu-brun-picard/",
    "https://linkedin.com.evil.example/in/mathieu-brun-picard/",
    "https://notlinkedin.com/in/mathieu-brun-picard/",
    "ftp://www.linkedin.com/in/mathieu-brun-picard/",
    "javascript:alert(1)",
    "mathieu-brun-picard",
    "https://",
    "https://www.linkedin.com:port/in/",
    "https://[www.linkedin.com/in/mathieu-brun-picard/",
    "https://www.linkedin.com\u2100/in/mathieu-brun-picard/",
]


@pytest.mark.parametrize("url", ODD_PROFILES)
async def test_what_is_no_profile_is_refused_by_name(stack: Stack, url: str) -> None:
    reply = await stack.enrich("email", linkedin_url=url)
    assert reply.status == 400, reply.text
    assert reply.json["error"] == 400
    assert "linkedin_url" in reply.json["message"]
    assert await stack.total_calls() == 0


@pytest.mark.parametrize("slug", ["a%00b", "a%20b", "a%2Fb", "a%0d%0ab", "a%3Fb=c", "jos%C3%A9-%22x%22"])
async def test_the_profile_in_the_answer_is_always_a_url(stack: Stack, slug: str) -> None:
    reply = await stack.enrich("email", linkedin_url=f"https://www.linkedin.com/in/{slug}/")
    assert reply.status in (200, 400)
    if reply.status == 200:
        url = reply.json["linkedin_profile_url"]
        odd = [sign for sign in url if not (sign.isalnum() or sign in "-._~:/%")]
        assert not odd
        assert url.count("/") == 5, url


DOMAINS = [
    "prontohq.com",
    "https://prontohq.com",
    "https://www.prontohq.com/about?x=1#team",
    "http://prontohq.com:8080/",
    "PRONTOHQ.com",
    "prontohq.com.",
    "www.prontohq.com",
    " prontohq.com ",
    "prontohq.com/",
]


@pytest.mark.parametrize("domain", DOMAINS)
async def test_every_spelling_of_a_domain_finds_the_same_person(stack: Stack, domain: str) -> None:
    reply = await stack.enrich("email", domain=domain, company_name=None, linkedin_url=None)
    assert reply.status == 200
    assert reply.json["email"] == "mathieu@prontohq.com"


ODD_DOMAINS = [
    "pronto hq",
    "prontohq",
    "http://",
    "a..b",
    "..",
    "-",
    "[",
    "http://[::1",
    "\u2100.com",
    "?.com",
]


@pytest.mark.parametrize("domain", ODD_DOMAINS)
async def test_what_is_no_domain_is_refused_by_name(stack: Stack, domain: str) -> None:
    reply = await stack.enrich("email", domain=domain)
    assert reply.status == 400, reply.text
    assert reply.json["error"] == 400
    assert "domain" in reply.json["message"]
    assert await stack.total_calls() == 0


async def phones(stack: Stack, defaults: tuple[str, ...], codes: list[str] | None) -> tuple[list[str], float]:
    """What the documented contact's phone lookup gives and costs under these restrictions."""
    key = await stack.open_account(f"countries {next(NUMBERS)}", phone_countries=defaults)
    reply = await stack.enrich("phone", key=key, phone_country_codes=codes)
    assert reply.status == 200, reply.text
    found: list[str] = reply.json["phones"]
    assert reply.json["phone_status"] == ("valid" if found else "not_found")
    return found, 1000 - (await stack.balance(key))[0]


FRENCH = (["+33612345678"], 30)
NONE: tuple[list[str], float] = ([], 0)

RESTRICTIONS: list[tuple[tuple[str, ...], list[str] | None, tuple[list[str], float]]] = [
    ((), None, FRENCH),
    ((), ["FR"], FRENCH),
    ((), ["fr"], FRENCH),
    ((), [" Fr "], FRENCH),
    ((), ["US", "FR", "FR"], FRENCH),
    ((), ["US"], NONE),
    ((), ["us", "GB"], NONE),
    ((), [], FRENCH),
    (("FR",), None, FRENCH),
    (("US",), None, NONE),
    (("US",), [], NONE),
    (("US",), [""], NONE),
    (("US",), ["FR"], FRENCH),
    (("FR",), ["US"], NONE),
    (("US", "FR"), None, FRENCH),
]


@pytest.mark.parametrize(("defaults", "codes", "outcome"), RESTRICTIONS)
async def test_only_numbers_of_the_wanted_countries_are_returned_and_paid(
    stack: Stack, defaults: tuple[str, ...], codes: list[str] | None, outcome: tuple[list[str], float]
) -> None:
    assert await phones(stack, defaults, codes) == outcome


async def test_a_foreign_number_does_not_stop_the_waterfall(stack: Stack) -> None:
    reply = await stack.enrich("phone", phone_country_codes=["US"], path=f"{ENRICH}?expand=attempts")
    asked = [attempt["provider"] for attempt in reply.json["attempts"]]
    assert asked == ["leadmagic", "prospeo", "findymail", "pronto", "airscale"]
    assert not any(attempt["accepted"] for attempt in reply.json["attempts"])
    assert reply.json["attempts"][0]["reason"] == "country_not_allowed"
    calls = await stack.calls()
    assert [vendor for vendor in VENDORS if calls[vendor]] == [
        "leadmagic", "prospeo", "findymail", "pronto", "airscale",
    ]  # fmt: skip


async def test_the_restriction_does_not_touch_other_kinds(stack: Stack) -> None:
    reply = await stack.enrich("email", "phone", phone_country_codes=["US"])
    assert without_id(reply.json)[-4:] == [
        ("email", "mathieu@prontohq.com"),
        ("email_status", "valid"),
        ("phones", []),
        ("phone_status", "not_found"),
    ]


@pytest.mark.parametrize("codes", [["FRA"], ["F"], ["12"], ["F1"], ["France"], ["FR", "USA"], ["F R"], ["ﬀ"]])
@pytest.mark.parametrize("kind", ["phone", "email"])
async def test_a_code_that_is_no_country_is_refused_by_name(
    stack: Stack, codes: list[str], kind: str
) -> None:
    reply = await stack.enrich(kind, phone_country_codes=codes)
    assert reply.status == 400
    assert "phone_country_codes" in reply.json["message"]
    assert await stack.total_calls() == 0


async def test_a_country_without_numbers_of_its_own_is_a_country_all_the_same(stack: Stack) -> None:
    reply = await stack.enrich("phone", phone_country_codes=["AQ", "BV", "GS", "TF", "UM", "PN"])
    assert (reply.status, reply.json.get("phones")) == (200, [])


@pytest.fixture(scope="module")
def generous_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One vendor, which returns all the numbers that it has."""
    with running(
        tmp_path_factory.mktemp("generous"), vendors=["airscale"], SERVER__RATE_LIMIT="100000"
    ) as made:
        yield made


async def test_several_numbers_are_returned_in_order_restricted_and_at_the_price_of_one(
    generous_stack: Stack,
) -> None:
    stack = generous_stack
    for person in await stack.control("_world/people"):
        codes = {number[:3] for number in person["phones"]}
        who = {
            "firstname": person["first_name"],
            "lastname": person["last_name"],
            "linkedin_url": person["linkedin_url"],
            "domain": None,
            "company_name": None,
        }
        if len(codes) < 2:
            continue
        before, _ = await stack.balance()
        every = await stack.enrich("phone", **who)
        if len({number[:3] for number in every.json["phones"]}) > 1:
            break
    else:
        raise AssertionError("the vendor knows nobody with numbers in two countries")
    assert len(set(every.json["phones"])) == len(every.json["phones"])
    assert (await stack.balance())[0] == before - 30
    numbers = every.json["phones"]
    countries = [phonenumbers.region_code_for_number(phonenumbers.parse(number)) for number in numbers]
    for country in set(countries):
        some = await stack.enrich("phone", **who, phone_country_codes=[country])
        assert some.json["phones"] == [
            number for number, home in zip(numbers, countries, strict=True) if home == country
        ]
