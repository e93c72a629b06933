"""A person's data can be shown whole, and erased whole, without touching anybody else's."""

from collections.abc import Sequence

import pytest

from headrace.domain.model import Contact, EnrichmentRequest, Field
from headrace.operate.persons import Selectors, identify
from headrace.operate.ports import OPERATOR, Judgement
from headrace.ports import Attempted, Claim, Progress, Reply
from headrace.storage import erasure
from headrace.storage.opening import Storage
from tests.privacy.people import ADA, BOB, HOOK, Person, enriched, remembered
from tests.storage.backends import Backend
from tests.storage.making import account

WAYS = {
    "email": lambda person: Selectors(email=person.email.upper()),
    "phone": lambda person: Selectors(phone=f"00{person.phone[1:]}"),
    "linkedin": lambda person: Selectors(linkedin=person.linkedin.replace("www", "fr")),
    "name": lambda person: Selectors(name=f"{person.first} {person.last}", domain=f"www.{person.host}"),
}


@pytest.fixture(autouse=True)
def _nothing_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "IN_FLIGHT", 0.0)


def who(person: Person, way: str) -> Sequence[str]:
    return identify(WAYS[way](person))


@pytest.mark.parametrize("way", WAYS)
async def test_all_of_it_is_shown_with_its_sources_and_recipients(storage: Storage, way: str) -> None:
    acme, other = await account(storage, credits=90_000), await account(storage, "other", credits=90_000)
    asked = await enriched(storage, acme, ADA, webhook=True)
    again = await enriched(storage, other, ADA)
    await enriched(storage, acme, BOB)
    await remembered(storage, ADA, at=1_800_000_000.0)
    found = await storage.persons.export(who(ADA, way), OPERATOR)

    assert {kept.id: kept.account for kept in found.enrichments} == {asked: "acme", again: "other"}
    kept = next(kept for kept in found.enrichments if kept.id == asked)
    assert kept.record.request.first_name == ADA.first
    sources = {kind: (result.provider, result.values) for kind, result in kept.record.results.items()}
    assert sources == {"email": ("hunter", (ADA.email,)), "phone": ("pronto", (ADA.phone,))}
    assert all(result.found_at for result in kept.record.results.values())
    assert [(sent.url, sent.state) for sent in kept.sent] == [(HOOK, "pending")]
    assert [(answer.values, answer.first_obtained_at) for answer in found.answers] == [
        ((ADA.email,), 1_800_000_000.0)
    ]
    assert found.suppressed_since == [None]


@pytest.mark.parametrize("way", WAYS)
async def test_all_of_it_is_erased_and_nothing_of_others(
    storage: Storage, backend: Backend, way: str
) -> None:
    acme = await account(storage, credits=90_000)
    hers = await enriched(storage, acme, ADA, webhook=True, key="k1")
    hers_too = await enriched(storage, acme, ADA, found=False)
    his = await enriched(storage, acme, BOB, webhook=True, key="k2")
    question = await remembered(storage, ADA, at=1.0)
    other_question = await remembered(storage, BOB, at=1.0)
    before = await storage.audit()
    known = who(ADA, way)
    erased = await storage.persons.erase(known, OPERATOR)

    assert erased.recipients == {"acme"}
    assert (erased.webhooks, erased.replies, erased.answers) == (1, 1, 1)
    assert erased.enrichments == 2
    assert await storage.enrichments.get(hers, acme.id) is None
    assert await storage.enrichments.get(hers_too, acme.id) is None, "found by the profile in the other one"
    assert await storage.remembered.recall(question) is None
    assert await storage.idempotency.look(Claim(f"{acme.id}:k1", "the same")) is None
    assert not (await storage.persons.export(known, OPERATOR)).enrichments
    assert await storage.suppressions.hit(known)
    assert backend.rows("SELECT state FROM webhook_deliveries WHERE enrichment_id = :id", id=hers) == [
        ("suppressed",)
    ]

    assert await storage.enrichments.get(his, acme.id)
    assert await storage.remembered.recall(other_question)
    assert await storage.idempotency.look(Claim(f"{acme.id}:k2", "the same"))
    assert not await storage.suppressions.hit(who(BOB, way))
    assert backend.rows("SELECT COUNT(*) FROM enrichments") == [(3,)]
    assert (after := await storage.audit()) == before
    assert after.balanced


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 64, 3000])
async def test_one_who_must_be_left_alone_is_found_among_however_many(storage: Storage, count: int) -> None:
    many = [f"phone:+3361{number:07}" for number in range(count)]
    assert not await storage.suppressions.hit(many)

    await storage.suppressions.add(many[-1:], "test", OPERATOR)

    assert await storage.suppressions.hit(many)
    assert not await storage.suppressions.hit(many[:-1])


@pytest.mark.parametrize("way", ["linkedin", "name"])
async def test_who_waits_in_a_queue_is_shown_and_taken_out_of_it(
    storage: Storage, backend: Backend, way: str
) -> None:
    acme = await account(storage, credits=9_000)
    waiting = [
        EnrichmentRequest(person.contact, (Field.EMAIL,), custom=person.first.join('""').encode())
        for person in (BOB, ADA, BOB)
    ]
    await storage.enrichments.queue(waiting, acme, [3_000] * 3, ["e1", "e2", "e3"], "bulk")
    shown = (await storage.persons.export(who(ADA, way), OPERATOR)).enrichments
    assert [(kept.id, kept.finished_at, kept.record.request.first_name) for kept in shown] == [
        ("e2", None, ADA.first)
    ]
    erased = await storage.persons.erase(who(ADA, way), OPERATOR)

    assert (erased.enrichments, erased.recipients) == (1, set())
    assert await storage.enrichments.get("e2", acme.id) is None
    assert await storage.enrichments.progress("bulk", acme.id) == Progress("bulk", 3, 1, 2)
    assert (await storage.accounts.get("acme")).available == 3_000, "what was held for it is back"
    assert [taken.id for taken in await storage.enrichments.take(acme.id, 5)] == ["e1", "e3"]
    assert backend.rows("SELECT COUNT(*) FROM subjects WHERE record_id = 'e2'") == [(0,)]
    assert (await storage.audit()).balanced


@pytest.mark.parametrize("way", ["linkedin", "name"])
@pytest.mark.parametrize("how", ["erase", "suppress"])
async def test_what_was_answered_when_they_were_queued_is_not_repeated(
    storage: Storage, way: str, how: str
) -> None:
    acme = await account(storage, credits=9_000)
    for person in (ADA, BOB):
        request = EnrichmentRequest(person.contact, (Field.EMAIL,), custom=b'"from the crm"')
        reply = Reply(Claim(f"{acme.id}:{person.first}", "the same"), 200, person.first.encode())
        await storage.enrichments.queue([request], acme, [3_000], [person.first], reply=reply)
    if how == "erase":
        assert (await storage.persons.erase(who(ADA, way), OPERATOR)).replies == 1
    else:
        await storage.suppressions.add(who(ADA, way), "test", OPERATOR)

    assert await storage.idempotency.look(Claim(f"{acme.id}:{ADA.first}", "the same")) is None
    assert await storage.idempotency.look(Claim(f"{acme.id}:{BOB.first}", "the same"))


async def test_a_contact_that_nobody_could_be_found_by_waits_like_any_other(storage: Storage) -> None:
    acme = await account(storage, credits=9_000)
    nameless = EnrichmentRequest(Contact(company_name="Acme"), (Field.EMAIL,))
    await storage.enrichments.queue([nameless], acme, [3_000], ["e1"])
    assert [taken.id for taken in await storage.enrichments.take(acme.id, 5)] == ["e1"]


async def test_what_is_kept_can_be_read_nowhere(storage: Storage, backend: Backend) -> None:
    """Neither before the erasure nor after it; the words are looked for in every byte."""
    acme = await account(storage, credits=90_000)
    for person in (ADA, BOB):
        await enriched(storage, acme, person, webhook=True, key=person.first)
        await remembered(storage, person, at=1.0)
    words = [value.encode() for person in (ADA, BOB) for value in person.values]
    assert not [word for word in words if word in backend.dump()]
    for way in WAYS:
        await storage.persons.erase(who(ADA, way), OPERATOR)
    assert not [word for word in words if word in backend.dump()]


async def test_a_delivery_that_is_under_way_leaves_nothing_behind(storage: Storage, backend: Backend) -> None:
    acme = await account(storage, credits=90_000)
    await enriched(storage, acme, ADA, webhook=True)
    assert await storage.webhooks.claim("b1", 10) == 1
    delivery = (await storage.webhooks.batch("b1"))[0]
    await storage.persons.erase(who(ADA, "email"), OPERATOR)
    await storage.webhooks.attempted("b1", Attempted(delivery.id, "pending", next_at=1.0, status=500))

    assert backend.rows("SELECT state, record, next_at FROM webhook_deliveries") == [
        ("suppressed", None, None)
    ]
    assert not await storage.webhooks.replay(delivery.id)


async def test_a_worker_that_finds_it_suppressed_drops_the_record(storage: Storage, backend: Backend) -> None:
    acme = await account(storage, credits=90_000)
    enrichment_id = await enriched(storage, acme, ADA, webhook=True)
    await storage.suppressions.add(who(ADA, "phone"), "test", OPERATOR)
    assert await storage.suppressions.concern(enrichment_id)
    await storage.webhooks.claim("b1", 10)
    delivery = (await storage.webhooks.batch("b1"))[0]
    await storage.webhooks.attempted("b1", Attempted(delivery.id, "suppressed", counted=False))

    assert backend.rows("SELECT state, record FROM webhook_deliveries") == [("suppressed", None)]


async def test_an_unknown_person_is_only_left_alone(storage: Storage) -> None:
    known = who(ADA, "name")
    erased = await storage.persons.erase(known, OPERATOR)

    assert (erased.enrichments, erased.recipients) == (0, set())
    assert await storage.suppressions.hit(known)


async def test_what_was_done_is_in_the_audit_log_without_saying_to_whom(storage: Storage) -> None:
    known = who(ADA, "email")
    await storage.persons.export(known, "admin:k1")
    await storage.persons.erase(known, "admin:k1")
    digest = storage.vault.digest(known[0]).hex()
    lines = [(each.actor, each.action) for each in await storage.audit_log.entries(subject=digest)]

    assert lines == [
        ("admin:k1", "person.erase"),
        ("admin:k1", "suppression.add"),
        ("admin:k1", "person.export"),
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_that_an_outcome_was_reported_is_shown_and_erased(
    storage: Storage, backend: Backend, way: str
) -> None:
    acme = await account(storage, credits=90_000)
    for person in (ADA, BOB):
        await enriched(storage, acme, person)
        told = Judgement(f"email:{person.email}", delivered=False, stated=0.9, words=())
        assert await storage.outcomes.count([told], OPERATOR) == [True]
    shown = (await storage.persons.export(who(ADA, way), OPERATOR)).outcomes
    hers = {"address": storage.vault.digest(f"email:{ADA.email}")}
    assert [(at,) for at in shown] == backend.rows(
        "SELECT reported_at FROM outcomes WHERE address = :address", **hers
    )
    await storage.persons.erase(who(ADA, way), OPERATOR)
    assert not (await storage.persons.export(who(ADA, way), OPERATOR)).outcomes
    kept = [bytes(row[0]) for row in backend.rows("SELECT address FROM outcomes")]
    assert kept == [storage.vault.digest(f"email:{BOB.email}")]
