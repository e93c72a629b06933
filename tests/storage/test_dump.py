"""A copy of the database tells nothing about the persons in it."""

from headrace.domain.model import (
    Attempt,
    Contact,
    Enrichment,
    EnrichmentRequest,
    Field,
    Grade,
    Result,
    Timing,
    Verdict,
)
from headrace.operate.model import Secret
from headrace.ports import Attempted, Claim, Reply, Settlement
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.making import account

PERSONAL = {
    "first name": "Zdeněk",
    "last name": "Quixworth-Ombadi",
    "company": "Plumbago Instruments",
    "domain": "plumbago-instruments.example",
    "profile": "https://www.linkedin.com/in/zdenek-quixworth-ombadi/",
    "work e-mail": "z.quixworth@plumbago-instruments.example",
    "personal e-mail": "quixi1977@mailbox.example",
    "phone": "+420777123987",
    "webhook": "https://hooks.client.example/in?token=hush-hush",
    "custom": "crm-row-for-Quixworth",
    "answer": "whole-answer-about-Quixworth",
    "delivered body": "delivered-body-about-Quixworth",
    "key of the request": "order-of-Mr-Quixworth",
    "what was asked": "asked-for-Quixworth",
    "signing secret": "whsec_c2lnbmluZyBzZWNyZXQgb2YgdGhlIGFjY291bnQ",
    "subject": "email:z.quixworth@plumbago-instruments.example",
}

CONTACT = Contact(
    PERSONAL["first name"],
    PERSONAL["last name"],
    PERSONAL["company"],
    PERSONAL["domain"],
    PERSONAL["profile"],
    ("CZ",),
)
REQUEST = EnrichmentRequest(
    CONTACT, tuple(Field), PERSONAL["webhook"], f'{{"row":"{PERSONAL["custom"]}"}}'.encode()
)
FOUND = {
    Field.EMAIL: PERSONAL["work e-mail"],
    Field.PHONE: PERSONAL["phone"],
    Field.PERSONAL_EMAIL: PERSONAL["personal e-mail"],
}


def enrichment(id_: str) -> Enrichment:
    """Everything was found."""
    verdict = Verdict(Grade.DELIVERABLE, "valid")
    attempts = tuple(
        Attempt(
            wanted, "hunter", "find", "found", None, "deliverable", Timing(1, 2, 200), 1.0, True, (value,)
        )
        for wanted, value in FOUND.items()
    )
    results = {
        wanted: Result(wanted, (value,), verdict, "hunter", answered=True) for wanted, value in FOUND.items()
    }
    return Enrichment(id_, REQUEST, results, attempts, charged=700, duration_ms=1.0, waited_ms=1.0)


async def everything(storage: Storage) -> None:
    """One of all that is stored about persons, in each of its states."""
    payer = await account(storage, "Acme", credits=100_000)
    claim = Claim(f"acme {PERSONAL['key of the request']}", PERSONAL["what was asked"])
    reply = Reply(claim, 200, f'{{"answer":"{PERSONAL["answer"]}"}}'.encode())
    body = f'{{"body":"{PERSONAL["delivered body"]}"}}'.encode()
    await storage.webhooks.first_secret(payer.id, PERSONAL["signing secret"])
    await storage.webhooks.change_secrets(
        payer.id, lambda old, now: [Secret(PERSONAL["signing secret"] + "2"), *old]
    )
    await storage.ledger.hold("finished", payer.id, 1_000, claim)
    await storage.ledger.settle(
        Settlement(enrichment("finished"), payer.id, 1.0, body, (PERSONAL["subject"],), reply)
    )
    await storage.enrichments.replace_attempts("finished", enrichment("x").attempts * 2)
    await storage.enrichments.queue(
        [REQUEST] * 2,
        payer,
        [1_000] * 2,
        ["queued", "taken"],
        "bulk",
        Reply(Claim("q", "q"), 200, reply.body),
    )
    await storage.enrichments.take(payer.id, 1)
    await storage.webhooks.claim("batch", 10)
    (delivery,) = await storage.webhooks.batch("batch")
    assert PERSONAL["webhook"] == delivery.url
    await storage.webhooks.attempted(
        "batch", Attempted(delivery.id, "pending", next_at=2.0, status=500, error="status")
    )


async def test_a_dump_contains_no_personal_value(storage: Storage, backend: Backend) -> None:
    await everything(storage)
    dump = backend.dump()

    for known in ("Acme", "finished", "queued", "taken", "hold"):
        assert known.encode() in dump  # it is the right one
    assert told_by(dump) == []


async def test_the_same_values_unsealed_would_be_found(storage: Storage, backend: Backend) -> None:
    await everything(storage)
    ((record,),) = backend.rows("SELECT record FROM enrichments WHERE id = 'finished'")

    assert set(told_by(storage.vault.open(bytes(record)))) >= {"first name", "phone", "webhook", "custom"}


async def test_a_dump_after_a_close_contains_no_personal_value_either(fresh: Backend) -> None:
    storage = fresh.open()
    await everything(storage)
    storage.close()

    assert told_by(fresh.dump()) == []


def told_by(dump: bytes) -> list[str]:
    """Which of the values can be read in it, in whatever spelling JSON or a database may give them."""
    return [
        what
        for what, value in PERSONAL.items()
        if any(spelling in dump for spelling in (value.encode(), ascii(value)[1:-1].encode()))
    ]
