"""How much each vendor knows and how much of it is right, measured from outside; and determinism."""

from collections.abc import Awaitable, Callable
from typing import Any

import phonenumbers
import pytest

from headrace.sandbox import create_app
from headrace.sandbox.wire import ASGIApp

from .client import Json
from .inprocess import ask

pytestmark = pytest.mark.asyncio

Finder = Callable[[ASGIApp, Json], Awaitable[str | None]]


async def leadmagic(app: ASGIApp, person: Json) -> str | None:
    given = {"first_name": person["first_name"], "last_name": person["last_name"], "domain": person["domain"]}
    found: str | None = (await ask(app, "/leadmagic/v1/people/email-finder", given))[1]["email"]
    return found


async def airscale(app: ASGIApp, person: Json) -> str | None:
    found: str | None = (
        await ask(app, "/airscale/v1/email", {"linkedin_profile_url": person["linkedin_url"]})
    )[1]["email"]
    return found


async def hunter(app: ASGIApp, person: Json) -> str | None:
    given = {"full_name": f"{person['first_name']} {person['last_name']}", "domain": person["domain"]}
    status, body = await ask(app, "/hunter/v2/email-finder", given, "GET")
    if status == 202:
        status, body = await ask(app, "/hunter/v2/email-finder", given, "GET")
    found: str | None = body["data"]["email"] if status == 200 else None
    return found


async def prospeo(app: ASGIApp, person: Json) -> str | None:
    given = {
        "first_name": person["first_name"],
        "last_name": person["last_name"],
        "company_name": person["company"],
    }
    _, body = await ask(app, "/prospeo/enrich-person", {"data": given})
    email = (body.get("person") or {}).get("email") or {}
    return email["email"] if email.get("revealed") else None


async def findymail(app: ASGIApp, person: Json) -> str | None:
    given = {"name": f"{person['first_name']} {person['last_name']}", "domain": person["domain"]}
    contact = (await ask(app, "/findymail/api/search/name", given))[1]["contact"]
    return contact["email"] if contact else None


async def pronto(app: ASGIApp, person: Json) -> str | None:
    found: str | None = (await enrich(app, person, "email"))["email"]
    return found


async def enrich(app: ASGIApp, person: Json, *kinds: str) -> Json:
    given = {
        "firstname": person["first_name"],
        "lastname": person["last_name"],
        "linkedin_url": person["linkedin_url"],
        "enrichment_type": list(kinds),
    }
    body: Json = (await ask(app, "/pronto/v2/contacts/single_enrich", given))[1]
    return body


FINDERS: list[Finder] = [leadmagic, airscale, hunter, prospeo, findymail, pronto]


async def everyone(app: ASGIApp) -> list[Json]:
    people: list[Json] = (await ask(app, "/_world/people"))[1]
    return people


async def test_work_email_coverage() -> None:
    app = create_app(latency_scale=0)
    people = await everyone(app)
    reachable = [person for person in people if person["work_email"]]
    together: set[str] = set()
    for finder in FINDERS:
        answers = [(person, await finder(app, person)) for person in people]
        returned = [(person, email) for person, email in answers if email]
        right = {email for person, email in returned if email == person["work_email"]}
        hits = sum(person["work_email"] is not None for person, _ in returned)
        assert 0.40 <= len(right) / len(reachable) <= hits / len(reachable) <= 0.65, finder.__name__
        assert 0.02 <= 1 - len(right) / len(returned) <= 0.08, finder.__name__
        together |= right
    assert 0.86 <= len(together) / len(reachable) <= 0.93


async def test_phone_and_personal_coverage() -> None:
    app = create_app(latency_scale=0)
    people = await everyone(app)
    bodies = [(person, await enrich(app, person, "phone", "personal_email")) for person in people]
    with_phone = [body for person, body in bodies if person["phones"]]
    with_personal = [body for person, body in bodies if person["personal_email"]]
    assert 0.3 < sum(bool(body["phones"]) for body in with_phone) / len(with_phone) < 0.65
    assert 0.3 < sum(bool(body["personal_email"]) for body in with_personal) / len(with_personal) < 0.65
    wrong = [body for person, body in bodies if set(body["phones"]) - set(person["phones"])]
    assert 0 < len(wrong) < 0.1 * len(with_phone)
    assert any(body["personal_email_status"] == "invalid" for _, body in bodies)


async def test_findymail_phones_are_never_european() -> None:
    app = create_app(latency_scale=0)
    found = []
    for person in await everyone(app):
        answer = await ask(app, "/findymail/api/search/phone", {"linkedin_url": person["linkedin_url"]})
        if answer[1]["phone"]:
            found.append(phonenumbers.region_code_for_number(phonenumbers.parse(answer[1]["phone"])))
    assert len(found) > 100
    assert set(found) == {"US", "GB"}


VERIFIERS: dict[str, Callable[[Any], str]] = {
    "/leadmagic/v1/people/email-validation": lambda body: body["email_status"],
    "/airscale/v1/email-verifier": lambda body: body["result"],
    "/findymail/api/verify": lambda body: str(body["verified"]),
}
YES = {"valid", "deliverable", "True"}
NO = {"invalid", "undeliverable", "False"}


@pytest.mark.parametrize("path", VERIFIERS)
async def test_verifiers_know_the_truth_of_normal_domains(path: str) -> None:
    app = create_app(latency_scale=0)
    normal = [p for p in await everyone(app) if p["mail_policy"] == "normal" and p["work_email"]]
    real = [VERIFIERS[path]((await ask(app, path, {"email": p["work_email"]}))[1]) for p in normal]
    fake = [VERIFIERS[path]((await ask(app, path, {"email": "zz" + p["work_email"]}))[1]) for p in normal]
    assert 0.95 < sum(word in YES for word in real) / len(real) < 1
    assert 0.95 < sum(word in NO for word in fake) / len(fake) <= 1


async def test_verifiers_on_domains_that_hide_the_truth() -> None:
    app = create_app(latency_scale=0)
    people = [p for p in await everyone(app) if p["work_email"]]
    words: dict[str, set[tuple[str, bool]]] = {"catch_all": set(), "unverifiable": set()}
    hunter_words: dict[str, set[str]] = {"catch_all": set(), "unverifiable": set()}
    for person in people:
        policy = person["mail_policy"]
        if policy in words:
            email = {"email": person["work_email"]}
            body = (await ask(app, "/leadmagic/v1/people/email-validation", email))[1]
            words[policy].add((body["email_status"], body["is_domain_catch_all"]))
            status, hunter_body = await ask(app, "/hunter/v2/email-verifier", email, "GET")
            hunter_words[policy].add(hunter_body["data"]["status"] if status == 200 else str(status))
    assert words["catch_all"] == {("valid", True), ("unknown", True)}
    assert words["unverifiable"] == {("unknown", False)}
    assert hunter_words["catch_all"] <= {"accept_all", "202", "451"}
    assert hunter_words["unverifiable"] <= {"unknown", "222", "202", "451"}
    assert {"unknown", "222"} <= hunter_words["unverifiable"]


@pytest.mark.parametrize("email", ["somebody@gmail.com", "x@unheard-of.example", "mathieu.bp@yahoo.com"])
async def test_addresses_outside_the_world_are_unknown(email: str) -> None:
    app = create_app(latency_scale=0)
    body = (await ask(app, "/leadmagic/v1/people/email-validation", {"email": email}))[1]
    assert body["email_status"] == "unknown"


async def test_one_seed_one_world() -> None:
    first, same, other = (create_app(seed, latency_scale=0) for seed in (3, 3, 4))
    assert await ask(first, "/_world/people") == await ask(same, "/_world/people")
    assert await ask(first, "/_world/people") != await ask(other, "/_world/people")
    for person in (await everyone(first))[:100]:
        for finder in FINDERS:
            assert await finder(first, person) == await finder(same, person)
        assert await enrich(first, person, "email", "phone", "personal_email") == await enrich(
            same, person, "email", "phone", "personal_email"
        )


async def test_names_are_found_however_they_are_spelled() -> None:
    app = create_app(latency_scale=0)
    spellings = 0
    for person in await everyone(app):
        if "ü" in person["last_name"] and (email := await leadmagic(app, person)):
            for spelling in (("ü", "ue"), ("ü", "u"), ("ü", "Ü"), ("ü", "u\u0308")):
                respelled = person | {"last_name": person["last_name"].replace(*spelling)}
                assert await leadmagic(app, respelled) == email
                spellings += 1
    assert spellings > 20
