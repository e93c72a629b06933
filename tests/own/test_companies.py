"""A company's name leads to the domain that was confirmed for it before, and to no other."""

from typing import Any

import pytest

from headrace.domain.model import Contact, Enrichment, EnrichmentRequest, Field, Grade, Result, Verdict
from headrace.engine.own.knowing import Ignorance
from headrace.engine.own.learn import Learner
from headrace.engine.subjects import Subject
from headrace.finder.lists import Lists
from headrace.finder.patterns import candidates
from headrace.sandbox.mail import MailLab
from headrace.sandbox.world import Person, World
from tests.faults.waiting import until
from tests.stack import Stack

PATH = "/v2/contacts/single_enrich?expand=attempts"


def colleagues(world: World, skip: int = 0) -> tuple[Person, Person]:
    """Two people of one company, whose addresses are the first guess and whose mail host tells the truth.
    `skip`: so many companies."""
    found: dict[str, list[Person]] = {}
    for person in world.people:
        domain = person.company.domain
        if not person.work_email or person.company.mail_policy != "normal":
            continue
        if candidates(person.first_name, person.last_name, domain, limit=1)[0].email != person.work_email:
            continue
        found.setdefault(domain, []).append(person)
    one, other, *_ = [people for people in found.values() if len(people) > 1][skip]
    return one, other


async def enrich(stack: Stack, person: Person, company: str | None, domain: str | None) -> Any:
    body = {"firstname": person.first_name, "lastname": person.last_name, "enrichment_type": ["email"]}
    known = {"company_name": company, "domain": domain}
    body |= {name: value for name, value in known.items() if value}
    reply = await stack.send("POST", PATH, body=body)
    assert reply.status == 200, reply.text
    return reply.json


async def test_what_was_confirmed_for_a_company_serves_its_next_colleague(
    stack: Stack, people: World, lab: MailLab
) -> None:
    one, other = colleagues(people)
    company, domain = one.company.name, one.company.domain

    before = await enrich(stack, other, company, None)
    assert before["email"] is None
    (line,) = before["attempts"]
    assert (line["provider"], line["outcome"], line["reason"]) == (
        "headrace_finder",
        "skipped",
        "missing_input: domain",
    )

    assert (await enrich(stack, one, company, domain))["email"] == one.work_email
    answer = await enrich(stack, other, f"{company.upper()}, GmbH", None)

    assert answer["email"] == other.work_email
    guess, probe = answer["attempts"]
    assert (guess["provider"], guess["outcome"], guess["reason"], guess["accepted"]) == (
        "headrace_finder",
        "found",
        "domain_from_company",
        False,
    )
    assert (probe["provider"], probe["verdict"], probe["accepted"]) == ("headrace_probe", "deliverable", True)
    assert lab.book.commands["DATA"] == 0


async def test_the_requests_own_domain_comes_first(stack: Stack, people: World) -> None:
    one, _ = colleagues(people, skip=1)
    two, _ = colleagues(people, skip=2)
    await enrich(stack, one, one.company.name, one.company.domain)
    answer = await enrich(stack, two, one.company.name, two.company.domain)
    assert answer["email"] == two.work_email
    assert answer["attempts"][0]["reason"] == "guessed"


async def test_without_a_company_nothing_is_learned_of_one(stack: Stack, people: World) -> None:
    one, other = colleagues(people, skip=3)
    assert (await enrich(stack, one, None, one.company.domain))["email"] == one.work_email
    answer = await enrich(stack, other, one.company.name, None)
    assert [line["outcome"] for line in answer["attempts"]] == ["skipped"]


@pytest.mark.parametrize(
    ("domain", "provider", "company"),
    [(None, "headrace_finder", None), (None, "hunter", "Acme"), ("acme.example", "headrace_finder", "Acme")],
)
def test_what_was_found_by_assuming_a_domain_does_not_confirm_it(
    domain: str | None, provider: str, company: str | None
) -> None:
    verdict = Verdict(Grade.DELIVERABLE, "valid")
    result = Result(Field.EMAIL, ("jane.doe@acme.example",), verdict, provider, answered=True)
    request = EnrichmentRequest(Contact("Jane", "Doe", "Acme", domain), (Field.EMAIL,))
    done = Enrichment("one", request, {Field.EMAIL: result}, (), 0, 1.0, 1.0)
    lesson = Learner(Ignorance(), Lists()).lesson(done, 1.0)
    assert lesson
    assert (lesson.domain, lesson.company) == ("acme.example", company)


@pytest.mark.parametrize("domain", ["gmail.com", "mailinator.com"])
def test_free_mail_and_disposable_domains_teach_nothing(domain: str) -> None:
    verdict = Verdict(Grade.DELIVERABLE, "valid")
    result = Result(Field.EMAIL, (f"jane.doe@{domain}",), verdict, "hunter", answered=True)
    request = EnrichmentRequest(Contact("Jane", "Doe", "Acme"), (Field.EMAIL,))
    done = Enrichment("one", request, {Field.EMAIL: result}, (), 0, 1.0, 1.0)
    assert Learner(Ignorance(), Lists()).lesson(done, 1.0) is None


async def test_two_companies_of_one_name_are_left_alone(stack: Stack, people: World) -> None:
    one, third = colleagues(people, skip=5)
    two, _ = colleagues(people, skip=6)
    for person in (one, two):
        assert (await enrich(stack, person, "Twice Named Ltd", person.company.domain))["email"]
    answer = await enrich(stack, third, "Twice Named", None)
    assert answer["email"] is None
    assert [line["reason"] for line in answer["attempts"]] == ["missing_input: domain"]


async def test_no_name_of_a_company_stands_in_the_database(stack: Stack, people: World) -> None:
    one, _ = colleagues(people, skip=7)
    before = stack.rows("SELECT name FROM companies")

    async def written() -> bool:  # which happens behind the answer
        return len(stack.rows("SELECT name FROM companies")) > len(before)

    await enrich(stack, one, "Quaxellon Ventures", one.company.domain)
    await until(written)
    path = stack.headrace.settings.database_path
    content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*") if file.is_file())
    assert b"quaxellon" not in content.lower()


async def test_who_is_suppressed_at_that_domain_is_left_alone(stack: Stack, people: World) -> None:
    """The request does not say where they work; the domain that is assumed does."""
    one, other = colleagues(people, skip=8)
    await enrich(stack, one, one.company.name, one.company.domain)
    known = Subject(Contact(other.first_name, other.last_name, domain=other.company.domain)).of_request
    await stack.headrace.storage.suppressions.add(known, "request", "test")
    answer = await enrich(stack, other, one.company.name, None)
    assert answer["email"] is None
    assert [line["reason"] for line in answer["attempts"]] == ["suppressed"]
    assert [line["values"] for line in answer["attempts"]] == [[]]
