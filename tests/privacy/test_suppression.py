"""Who objected is neither asked about nor told about, however the names are written."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from threading import Semaphore
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from headrace.domain.errors import Problem
from headrace.domain.identity import of_address, of_phone
from headrace.operate.persons import Selectors, identify
from headrace.operate.ports import OPERATOR
from headrace.storage.database import Statement, Steps
from headrace.storage.suppressions import SqlSuppressions
from tests.faults.waiting import until
from tests.privacy import spellings
from tests.stack import SEED, Stack, running

ALL = ("email", "phone", "personal_email")
WITH_TRACE = "/v2/enrichments/"


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("suppression"), SERVER__RATE_LIMIT="100000") as made:
        yield made


@pytest_asyncio.fixture
async def open_stack(stack: Stack) -> AsyncIterator[Stack]:
    """The module's stack, in which nobody is suppressed."""
    yield stack
    database = stack.headrace.storage.database
    await database.write(_nobody)


def _nobody() -> Steps[None]:
    yield Statement("DELETE FROM suppressions", {})


async def suppress(stack: Stack, **known: str) -> None:
    await stack.headrace.storage.suppressions.add(identify(Selectors(**known)), "test", OPERATOR)


async def asked_of(stack: Stack, vendor: str) -> int:
    return sum((await stack.calls())[vendor].values())


async def nothing_is_held(stack: Stack) -> bool:
    return (await stack.balance())[1] == 0


async def trace(stack: Stack, enrichment_id: str) -> Any:
    return (await stack.send("GET", f"{WITH_TRACE}{enrichment_id}")).json


def as_request(rng: random.Random, person: dict[str, Any], number: int) -> dict[str, Any]:
    """A request for a person in some spelling."""
    kinds = [kind for kind in ALL if rng.random() < 0.6] or ["email"]
    return {
        "enrichment_type": kinds,
        "firstname": rng.choice([person["first_name"], person["first_name"].upper()]),
        "lastname": rng.choice([person["last_name"], person["last_name"].title()]),
        "domain": spellings.domain(rng, person["domain"]),
        "company_name": person["company"],
        "linkedin_url": spellings.profile(rng, person["linkedin_url"]),
        "custom": {"number": number},
    }


def values_in(answer: dict[str, Any]) -> set[str]:
    """The identifiers of all that an answer tells, in one spelling each."""
    addresses = [answer.get("email"), answer.get("personal_email")]
    known = [of_address(each) for each in addresses if each]
    known += [of_phone(each) for each in answer.get("phones", [])]
    return {f"{each.kind}:{each.value}" for each in known if each}


async def test_of_two_thousand_searches_none_tells_of_the_one_in_a_hundred_who_objected(
    open_stack: Stack,
) -> None:
    rng = random.Random(7)
    people = await open_stack.control("_world/people")
    objecting = [dict(person) for person in rng.sample(people, len(people) // 100)]
    suppressed: set[str] = set()
    for person in objecting:
        who = identify(spellings.selectors(rng, person))
        suppressed |= set(who)
        await open_stack.headrace.storage.suppressions.add(who, "test", OPERATOR)
    order = [*people, *objecting, *rng.sample(people, 60)]
    rng.shuffle(order)
    places = asyncio.Semaphore(24)

    async def ask(number: int, person: dict[str, Any]) -> dict[str, Any]:
        async with places:
            reply = await open_stack.send(
                "POST", "/v2/contacts/single_enrich", body=as_request(rng, person, number)
            )
        assert reply.status == 200, reply.text
        answer: dict[str, Any] = reply.json
        return answer

    answers = await asyncio.gather(*(ask(number, person) for number, person in enumerate(order)))
    told = set().union(*map(values_in, answers))
    assert not told & suppressed
    assert sum(answer["status"] == "success" for answer in answers) > len(order) / 2
    await _nothing_is_stored_of(open_stack, suppressed)


async def _nothing_is_stored_of(stack: Stack, suppressed: set[str]) -> None:
    """Also in the traces: those who were left alone cost nothing and left no value."""
    left_alone = 0
    opened = stack.headrace.storage.vault.open
    for record, charged in stack.rows("SELECT record, charged FROM enrichments WHERE record IS NOT NULL"):
        kept = msgspec.json.decode(opened(record))
        lines = kept["attempts"]
        known = [
            (of_phone if line["field"] == "phone" else of_address)(value)
            for line in lines
            for value in line["values"]
        ]
        assert not {f"{each.kind}:{each.value}" for each in known if each} & suppressed
        if any(line["reason"] == "suppressed" for line in lines):
            left_alone += 1
            assert charged == 0
            assert not any(line["values"] for line in lines)
            assert not any(result["values"] for result in kept["results"].values())
    assert left_alone > 20


@pytest.mark.parametrize("seed", range(12))
async def test_a_suppressed_request_is_a_miss_that_asks_nobody(open_stack: Stack, seed: int) -> None:
    rng = random.Random(seed)
    person = rng.choice(await open_stack.control("_world/people"))
    known = Selectors(
        linkedin=spellings.profile(rng, person["linkedin_url"]),
        name=spellings.name(rng, person["first_name"], person["last_name"]),
        domain=spellings.domain(rng, person["domain"]),
    )
    known = rng.choice([replace(known, name=None, domain=None), replace(known, linkedin=None)])
    await open_stack.headrace.storage.suppressions.add(identify(known), "test", OPERATOR)
    before, credits = await open_stack.total_calls(), await open_stack.balance()

    reply = await open_stack.send("POST", "/v2/contacts/single_enrich", body=as_request(rng, person, seed))

    assert await open_stack.total_calls() == before
    assert await open_stack.balance() == credits
    assert (reply.status, reply.json["status"]) == (200, "error")
    assert reply.json["message"].startswith("No ")
    assert not values_in(reply.json)


async def test_it_cannot_be_told_from_a_miss(open_stack: Stack) -> None:
    nobody = {"firstname": "Nobody", "lastname": "Atall", "domain": "nowhere.example", "company_name": "No"}
    unknown = {**SEED, **nobody, "linkedin_url": "https://www.linkedin.com/in/nobody-at-all/"}
    miss = await open_stack.enrich(*ALL, **unknown)
    await suppress(open_stack, linkedin=unknown["linkedin_url"])
    refused = await open_stack.enrich(*ALL, **unknown)

    assert miss.json.keys() == refused.json.keys()
    assert {**miss.json, "enrichment_id": 0} == {**refused.json, "enrichment_id": 0}
    volatile = {"date", "content-length", "x-request-id", "server-timing", "ratelimit-remaining"}
    names = [{name.lower() for name in reply.headers} - volatile for reply in (miss, refused)]
    assert names[0] - {"x-headrace-sandbox"} == names[1] - {"x-headrace-sandbox"}


async def test_the_trace_says_why_for_each_kind(open_stack: Stack) -> None:
    await suppress(open_stack, linkedin=SEED["linkedin_url"])
    lines = (await trace(open_stack, (await open_stack.enrich(*ALL)).json["enrichment_id"]))["attempts"]

    assert [line["field"] for line in lines] == list(ALL)
    assert {(line["provider"], line["kind"], line["outcome"], line["reason"]) for line in lines} == {
        ("suppression", "find", "skipped", "suppressed")
    }


async def test_without_credits_it_is_refused_for_want_of_credits_as_a_miss_would_be(
    open_stack: Stack,
) -> None:
    poor = await open_stack.open_account("poor", credits=1)
    await suppress(open_stack, linkedin=SEED["linkedin_url"])
    refused = await open_stack.enrich("phone", key=poor)

    assert (refused.status, refused.json["message"]) == (422, "Insufficient enrichment credits")


@pytest.mark.parametrize("kind", ["email", "phone", "personal_email"])
async def test_one_value_of_theirs_takes_everything_else_along(open_stack: Stack, kind: str) -> None:
    """Whichever lane it comes from, and whatever the others had found by then."""
    known = (await open_stack.enrich(*ALL)).json
    assert known["email"]
    assert known["personal_email"]
    assert known["phones"]
    value = known["phones"][0] if kind == "phone" else known[kind]
    await suppress(open_stack, **({"phone": value} if kind == "phone" else {"email": value}))
    before = await open_stack.balance()

    answer = (await open_stack.enrich(*ALL)).json

    assert answer["status"] == "error"
    assert not values_in(answer)
    assert await open_stack.balance() == before
    lines = (await trace(open_stack, answer["enrichment_id"]))["attempts"]
    assert any((line["outcome"], line["reason"]) == ("missing", "suppressed") for line in lines)
    assert any(line["vendor_cost"] for line in lines)
    assert not any(line["values"] or line["accepted"] or line["verdict"] for line in lines)


async def test_a_name_at_a_domain_is_known_again_from_the_address_that_is_found(open_stack: Stack) -> None:
    """The request names the company only."""
    await suppress(open_stack, name="mathieu brun picard", domain="https://www.prontohq.com")
    answer = (await open_stack.enrich("email", domain=None)).json

    assert (answer["status"], answer["email"]) == ("error", None)


async def test_others_are_found_as_ever(open_stack: Stack) -> None:
    await suppress(open_stack, email="somebody.else@prontohq.com")
    await suppress(open_stack, name="Mathieu Brun-Picard", domain="another.example")
    assert (await open_stack.enrich(*ALL)).json["status"] == "success"


async def test_who_objects_during_a_long_search_is_left_alone_too(
    open_stack: Stack, answers: Semaphore
) -> None:
    """The address was found long before the phone's vendor answers."""
    await open_stack.fault("leadmagic", "phone", "miss")
    await open_stack.control("_control/latency", vendor="prospeo", ms=1500)
    asked = asyncio.create_task(open_stack.enrich("email", "phone"))
    await until(lambda: asked_of(open_stack, "prospeo"))
    await suppress(open_stack, linkedin=SEED["linkedin_url"])
    answers.release()
    answer = (await asked).json

    assert answer["status"] == "error"
    assert not values_in(answer)


async def test_a_repeated_request_with_its_idempotency_key_tells_nothing_any_more(open_stack: Stack) -> None:
    body = {**SEED, "enrichment_type": ["email"]}
    first = await open_stack.send(
        "POST", "/v2/contacts/single_enrich", body=body, Idempotency_Key="one-and-the-same"
    )
    assert first.json["email"]
    await suppress(open_stack, email=first.json["email"])
    again = await open_stack.send(
        "POST", "/v2/contacts/single_enrich", body=body, Idempotency_Key="one-and-the-same"
    )

    assert (again.status, again.json["email"]) == (200, None)


async def test_webhooks_about_them_are_due_no_more_but_those_of_misses_are(open_stack: Stack) -> None:
    concern = open_stack.headrace.storage.suppressions.concern
    told = (await open_stack.enrich("email")).json["enrichment_id"]
    assert not await concern(told)
    await suppress(open_stack, linkedin=SEED["linkedin_url"])
    refused = (await open_stack.enrich("email")).json["enrichment_id"]

    assert await concern(told)
    assert not await concern(refused)


async def test_while_the_list_cannot_be_read_nobody_is_asked(
    open_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: object, identifiers: object) -> bool:
        raise Problem("storage_unavailable", retry_after=1)

    monkeypatch.setattr(SqlSuppressions, "hit", away)
    before = await open_stack.total_calls()
    refused = await open_stack.enrich("email")

    assert refused.status == 503
    assert await open_stack.total_calls() == before
    await until(lambda: nothing_is_held(open_stack))  # it is given back beside the answer
