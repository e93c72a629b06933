"""One identifier leads to all that is kept about a person, and to nobody else's."""

from dataclasses import dataclass, replace

import pytest
from msgspec.structs import replace as changed

from headrace.domain.model import Account, Contact, Field, Found
from headrace.engine import lasting
from headrace.engine.converse import Reply
from headrace.engine.subjects import Subject
from headrace.operate.persons import Selectors, identify
from headrace.operate.ports import OPERATOR, Judgement
from headrace.ports import Remembered
from headrace.storage import erasure
from headrace.storage.opening import Storage
from headrace.storage.retention import Periods
from tests.privacy.people import ADA, BOB, Person, enriched
from tests.storage.backends import Backend
from tests.storage.making import account

PRIVATE = "quinny77@gmail.com"


@dataclass(frozen=True, slots=True)
class Other(Person):
    """Somebody whose address says nothing of their name."""

    address: str = ""

    @property
    def email(self) -> str:
        return self.address


NAMESAKE = Other(ADA.first, ADA.last, ADA.host, "+33612300009", "a.lovelasca@engines.example")
COLLEAGUE = Other("Charline", "Babbagine", ADA.host, ADA.phone, "charline@engines.example")
"""Has the same number, which is the switchboard's then."""


@pytest.fixture(autouse=True)
def _nothing_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "IN_FLIGHT", 0.0)


@pytest.fixture
async def acme(storage: Storage) -> Account:
    return await account(storage, credits=900_000)


async def keep(storage: Storage, contact: Contact, value: str) -> bytes:
    """A vendor's answer to a question about the contact, filed as the engine does; returns its question."""
    question = storage.vault.digest(f"{contact} {value}")
    subject, wanted = Subject(contact), Field.EMAIL if "@" in value else Field.PHONE
    known = (*subject.of_request, *subject.of_found(wanted, value))
    answer = lasting.encode(Reply(Found((value,))))
    await storage.remembered.remember(question, Remembered(answer, found=True, obtained_at=1e9), known)
    return question


async def left(storage: Storage, *questions: bytes) -> list[bool]:
    return [await storage.remembered.recall(each) is not None for each in questions]


async def shown(storage: Storage, **known: str) -> set[str]:
    """The values of the remembered answers in an export."""
    found = await storage.persons.export(identify(Selectors(**known)), OPERATOR)
    return {value for answer in found.answers for value in answer.values}


async def erase(storage: Storage, **known: str) -> None:
    await storage.persons.erase(identify(Selectors(**known)), OPERATOR)


@pytest.mark.parametrize(
    "known", [{"email": ADA.email}, {"phone": ADA.phone}, {"linkedin": ADA.linkedin}], ids=str
)
async def test_answers_that_are_filed_under_something_else_are_shown_and_erased(
    storage: Storage, acme: Account, known: dict[str, str]
) -> None:
    await enriched(storage, acme, ADA)
    await enriched(storage, acme, BOB)
    without = changed(ADA.contact, linkedin_url=None)
    nameless = Contact(linkedin_url=ADA.linkedin)
    companys = changed(without, domain=None)
    hers = [
        await keep(storage, ADA.contact, ADA.phone),
        await keep(storage, ADA.contact, PRIVATE),
        await keep(storage, without, PRIVATE),
        await keep(storage, nameless, PRIVATE),
        await keep(storage, companys, ADA.phone),
        await keep(storage, companys, ADA.email),
    ]
    his = await keep(storage, BOB.contact, BOB.phone)

    assert await shown(storage, **known) == {ADA.phone, ADA.email, PRIVATE}
    await erase(storage, **known)
    assert await left(storage, *hers, his) == [False] * 6 + [True]


async def test_a_record_under_another_identifier_is_shown_and_erased(storage: Storage, acme: Account) -> None:
    await enriched(storage, acme, ADA)
    another = replace(ADA, phone="+33612300008")  # and with it another profile, but one address
    second = await enriched(storage, acme, another)
    third = await enriched(storage, acme, replace(another, first="Ada"))
    found = await storage.persons.export(identify(Selectors(linkedin=ADA.linkedin)), OPERATOR)
    assert {kept.id for kept in found.enrichments} > {second}
    assert third not in {kept.id for kept in found.enrichments}, "one round"
    await erase(storage, linkedin=ADA.linkedin)
    assert await storage.enrichments.get(second, acme.id) is None


@pytest.mark.parametrize("stranger", [NAMESAKE, COLLEAGUE], ids=["namesake", "colleague"])
async def test_neither_a_namesake_nor_who_shares_the_switchboard_is_touched(
    storage: Storage, acme: Account, stranger: Person
) -> None:
    await enriched(storage, acme, ADA)
    theirs = await enriched(storage, acme, stranger)
    kept = [
        await keep(storage, stranger.contact, stranger.email),
        await keep(storage, stranger.contact, stranger.phone),
        await keep(storage, stranger.contact, PRIVATE),
    ]
    assert not await shown(storage, email=ADA.email)
    await erase(storage, email=ADA.email)
    assert await left(storage, *kept) == [True] * 3
    assert await storage.enrichments.get(theirs, acme.id)


@pytest.mark.parametrize("known", [{"phone": ADA.phone}, {"email": "info@engines.example"}], ids=str)
async def test_what_several_persons_have_leads_no_further(
    storage: Storage, acme: Account, known: dict[str, str]
) -> None:
    both = [
        replace(NAMESAKE, first=first, phone=ADA.phone, address="info@engines.example")
        for first in ("Dora", "Edith")
    ]
    for person in both:
        await enriched(storage, acme, person)
    kept = [await keep(storage, person.contact, PRIVATE) for person in both]
    await erase(storage, **known)
    assert await left(storage, *kept) == [True] * 2


async def test_a_vendors_mistake_leads_nowhere(storage: Storage, acme: Account) -> None:
    """It returned Bob's address for Ada, which was not accepted."""
    ada = await enriched(storage, acme, ADA)
    await storage.enrichments.replace_attempts(ada, [], identify(Selectors(email=BOB.email)))
    hers = await keep(storage, ADA.contact, ADA.phone)
    assert not await shown(storage, email=BOB.email)
    await erase(storage, email=BOB.email)
    assert await left(storage, hers) == [True]


async def test_a_name_at_a_host_of_everybodys_leads_nowhere(storage: Storage, acme: Account) -> None:
    at_home = Other(ADA.first, ADA.last, ADA.host, ADA.phone, PRIVATE)
    await enriched(storage, acme, at_home)
    elsewhere = changed(ADA.contact, linkedin_url=None, domain=None)
    theirs = await keep(storage, elsewhere, "adaquine.l@gmail.com")
    assert not await shown(storage, email=PRIVATE)
    await erase(storage, email=PRIVATE)
    assert await left(storage, theirs) == [True]


async def test_once_the_records_are_gone_an_answer_takes_its_neighbours_along(
    storage: Storage, acme: Account
) -> None:
    await enriched(storage, acme, ADA)
    hers = [await keep(storage, ADA.contact, value) for value in (ADA.email, ADA.phone, PRIVATE)]
    his = await keep(storage, BOB.contact, BOB.phone)
    assert (await storage.retention.purge(Periods(results=-1, answers=1e6, audit=1))).results == 1
    await erase(storage, email=ADA.email)
    assert await left(storage, *hers, his) == [False] * 3 + [True]


@pytest.mark.parametrize("unreadable", ["another version's", "sealed with a lost key"])
async def test_what_cannot_be_read_is_named_goes_too_and_keeps_nothing_else(
    storage: Storage, backend: Backend, acme: Account, unreadable: str
) -> None:
    first, second = await enriched(storage, acme, ADA), await enriched(storage, acme, ADA)
    for value in (ADA.phone, ADA.email):
        await keep(storage, ADA.contact, value)
    garbage = storage.vault.seal(b'{"of": "next year"}') if "version" in unreadable else b"\x80garbage"
    written = f"'\\x{garbage.hex()}'" if "postgresql" in backend.url else f"x'{garbage.hex()}'"
    backend.tamper(
        f"UPDATE enrichments SET record = {written} WHERE id = '{first}'",
        f"UPDATE answers SET answer = {written} WHERE id = (SELECT MIN(id) FROM answers)",
    )

    who = identify(Selectors(email=ADA.email))
    shown = await storage.persons.export(who, OPERATOR)
    (spoilt,) = backend.rows(f"SELECT id FROM answers WHERE answer = {written}")
    assert set(shown.unreadable) == {first, *spoilt}
    assert ([kept.id for kept in shown.enrichments], len(shown.answers)) == ([second], 1)

    erased = await storage.persons.erase(who, OPERATOR)
    assert (erased.enrichments, erased.answers) == (2, 2)
    assert await storage.enrichments.get(second, acme.id) is None


async def test_of_a_namesake_only_answers_may_go(storage: Storage, backend: Backend) -> None:
    hers = await keep(storage, changed(ADA.contact, linkedin_url=None), ADA.email)
    theirs = await keep(storage, changed(NAMESAKE.contact, linkedin_url=None), NAMESAKE.email)
    told = Judgement(f"email:{NAMESAKE.email}", delivered=True, stated=0.9, words=())
    await storage.outcomes.count([told], OPERATOR)

    await erase(storage, email=ADA.email)
    assert await left(storage, hers, theirs) == [False, False]
    assert len(backend.rows("SELECT * FROM outcomes")) == 1
