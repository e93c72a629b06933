"""Enrichments about known people, settled in a database as the engine does."""

from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from headrace.domain.model import (
    Account,
    Attempt,
    Contact,
    Enrichment,
    EnrichmentRequest,
    Field,
    Found,
    Grade,
    Result,
    Timing,
    Verdict,
)
from headrace.engine import lasting
from headrace.engine.converse import Reply as VendorReply
from headrace.engine.ids import new_id
from headrace.engine.subjects import Subject
from headrace.ports import Claim, Remembered, Reply, Settlement
from headrace.storage.opening import Storage

HOOK = "https://hooks.example/inbox"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an address and a number that nobody else has."""

    first: str
    last: str
    host: str
    phone: str

    @property
    def email(self) -> str:
        return f"{self.first}.{self.last}@{self.host}".lower()

    @property
    def linkedin(self) -> str:
        return f"https://www.linkedin.com/in/{self.first}-{self.last}-{self.phone[-4:]}/".lower()

    @property
    def contact(self) -> Contact:
        return Contact(self.first, self.last, "Acme", self.host, self.linkedin)

    @property
    def values(self) -> tuple[str, ...]:
        """What must not be read anywhere."""
        return (self.email, self.phone, self.linkedin, self.first, self.last)


ADA = Person("Adaquine", "Lovelasca", "engines.example", "+33612300001")
BOB = Person("Bobulus", "Tablerone", "tables.example", "+33612300002")


async def enriched(
    storage: Storage,
    account: Account,
    person: Person,
    *,
    webhook: bool = False,
    key: str | None = None,
    found: bool = True,
    custom: bytes | None = None,
) -> str:
    """The id of a settled enrichment that found the person's address and number."""
    enrichment_id = await begun(storage, account, key)
    done = made(enrichment_id, person, HOOK if webhook else None, found, custom)
    await ended(storage, account, person, done, key)
    return enrichment_id


async def begun(storage: Storage, account: Account, key: str | None = None) -> str:
    """The id of an enrichment that is under way."""
    enrichment_id = new_id()
    await storage.ledger.hold(enrichment_id, account.id, 3_000, _claim(account, key))
    return enrichment_id


async def ended(
    storage: Storage, account: Account, person: Person, done: Enrichment, key: str | None = None
) -> None:
    """Settle it."""
    webhook, claim = done.request.webhook_url, _claim(account, key)
    body = msgspec.json.encode({"email": person.email, "phone": person.phone}) if webhook else None
    reply = Reply(claim, 200, person.email.encode()) if claim else None
    at = storage.ledger._clock.wall()
    known = Subject(done.request.contact).of_all(done.attempts)
    await storage.ledger.settle(Settlement(done, account.id, at, body, known, reply))


def _claim(account: Account, key: str | None) -> Claim | None:
    return Claim(f"{account.id}:{key}", "the same") if key else None


async def remembered(storage: Storage, person: Person, at: float) -> bytes:
    """The name of a vendor's answer that is kept for use again."""
    name = storage.vault.digest(f"question about {person.email}")
    answer = lasting.encode(VendorReply({Field.EMAIL: Found((person.email,))}))
    done = made("none", person, None, found=True)
    known = Subject(done.request.contact).of_all(done.attempts)
    await storage.remembered.remember(name, Remembered(answer, found=True, obtained_at=at), known)
    return name


def made(
    enrichment_id: str, person: Person, webhook: str | None, found: bool, custom: bytes | None = None
) -> Enrichment:
    """An enrichment as it ends."""
    timing = Timing(1.0, 20.0, 200)
    mail = Attempt(Field.EMAIL, "hunter", "find", "missing", "not_found", None, timing)
    call = replace(mail, field=Field.PHONE, provider="pronto")
    results = {
        Field.EMAIL: Result(Field.EMAIL, answered=True),
        Field.PHONE: Result(Field.PHONE, answered=True),
    }
    if found:
        verdict = Verdict(Grade.DELIVERABLE, "valid")
        mail = replace(mail, outcome="found", reason="valid", accepted=True, values=(person.email,))
        call = replace(call, outcome="found", reason=None, accepted=True, values=(person.phone,))
        results = {
            Field.EMAIL: Result(Field.EMAIL, (person.email,), verdict, "hunter", answered=True),
            Field.PHONE: Result(Field.PHONE, (person.phone,), None, "pronto", answered=True),
        }
    return Enrichment(
        id=enrichment_id,
        request=EnrichmentRequest(person.contact, tuple(results), webhook, custom),
        results=results,
        attempts=(mail, call),
        charged=3_000 if found else 0,
        duration_ms=21.0,
        waited_ms=20.0,
    )
