"""`headrace_finder` and `headrace_probe` in a search, without any vendor."""

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.finder.patterns import candidates
from headrace.sandbox.mail import MailLab
from headrace.sandbox.world import Person, World
from tests.own.labs import settings_for
from tests.stack import Stack, running

MOST = 3


@pytest.fixture(scope="module")
def unverified(tmp_path_factory: pytest.TempPathFactory, lab: MailLab) -> Iterator[Stack]:
    """A finder, and nobody to verify what it guesses."""
    with running(
        tmp_path_factory.mktemp("stack"),
        vendors=[],
        WATERFALL__ORDER__EMAIL="headrace_finder",
        VERIFICATION__ORDER="headrace_probe",
        **{**settings_for(lab), "PROBE__ENABLED": "false"},
    ) as made:
        yield made


def places(person: Person) -> int | None:
    """The place of somebody's true address among the first guesses."""
    found = candidates(person.first_name, person.last_name, person.company.domain, limit=MOST)
    return next((at for at, each in enumerate(found) if each.email == person.work_email), None)


def somebody(world: World, policy: str, place: int | None) -> Person:
    return next(
        person
        for person in world.people
        if person.work_email and person.company.mail_policy == policy and places(person) == place
    )


async def enrich(stack: Stack, person: Person, key: str | None = None) -> Any:
    body = {
        "firstname": person.first_name,
        "lastname": person.last_name,
        "domain": person.company.domain,
        "enrichment_type": ["email"],
    }
    reply = await stack.send("POST", "/v2/contacts/single_enrich?expand=attempts", key=key, body=body)
    assert reply.status == 200, reply.text
    return reply.json


async def test_a_guess_that_the_mail_host_confirms_is_found(stack: Stack, people: World) -> None:
    person = somebody(people, "normal", 0)
    answer = await enrich(stack, person)

    assert answer["email"] == person.work_email
    guess, probe = answer["attempts"]
    assert (guess["provider"], guess["kind"], guess["outcome"], guess["reason"], guess["accepted"]) == (
        "headrace_finder",
        "find",
        "found",
        "guessed",
        False,
    )
    assert (probe["provider"], probe["kind"], probe["verdict"], probe["accepted"]) == (
        "headrace_probe",
        "verify",
        "deliverable",
        True,
    )
    assert guess["vendor_cost"] == probe["vendor_cost"] == 0


async def test_the_next_guess_follows_where_the_first_bounces(stack: Stack, people: World) -> None:
    person = somebody(people, "normal", 1)
    answer = await enrich(stack, person)

    assert answer["email"] == person.work_email
    verdicts = [line["verdict"] for line in answer["attempts"] if line["kind"] == "verify"]
    assert verdicts == ["invalid", "deliverable"]


async def test_guesses_that_all_bounce_are_nothing(stack: Stack, people: World) -> None:
    answer = await enrich(stack, somebody(people, "normal", None))

    assert answer["email"] is None
    assert {line["verdict"] for line in answer["attempts"] if line["kind"] == "verify"} == {"invalid"}


async def test_where_everything_is_accepted_one_guess_is_verified_and_none_returned(
    stack: Stack, people: World
) -> None:
    key = await stack.open_account("bold", accept_risky=True)
    answer = await enrich(stack, somebody(people, "catch_all", 0), key)

    assert answer["email"] is None
    assert [line["verdict"] for line in answer["attempts"] if line["kind"] == "verify"] == ["risky"]


async def test_without_a_verifier_nothing_is_guessed(unverified: Stack, people: World) -> None:
    answer = await enrich(unverified, somebody(people, "normal", 0))

    assert answer["email"] is None
    (line,) = answer["attempts"]
    assert (line["outcome"], line["reason"], line["values"]) == ("missing", "no_verifier", [])


async def test_it_needs_a_name_and_a_domain(stack: Stack) -> None:
    reply = await stack.enrich("email", domain=None, path="/v2/contacts/single_enrich?expand=attempts")
    (line,) = reply.json["attempts"]
    assert (line["outcome"], line["reason"]) == ("skipped", "missing_input: domain")
