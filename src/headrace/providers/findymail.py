"""Findymail. API reference: https://app.findymail.com/docs"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from headrace.domain.model import Answer, Contact, Field, Found, Grade, Judged, Missing, Needs, Verdict
from headrace.providers.base import (
    BY_COMPANY,
    BY_DOMAIN,
    BY_PROFILE,
    Balance,
    Conversation,
    Failure,
    Rate,
    Refused,
    Request,
    Response,
)

VERDICTS: Mapping[bool, Verdict] = {
    True: Verdict(Grade.DELIVERABLE, "verified"),
    False: Verdict(Grade.INVALID, "not_verified", coarse=True),
}

# A bad key is sent to the login page, unless JSON is asked for; a paused subscription is "locked".
REFUSALS = {302: Failure.BAD_KEY, 423: Failure.ACCOUNT_RESTRICTED}

SEARCH_COST = 1.0
PHONE_COST = 10.0
VERIFICATION_COST = 1.0


class Complaint(Struct):
    message: str | None = None
    error: str | None = None


class Person(Struct):
    email: str | None = None
    phone: str | None = None
    phones: str | list[str] | None = None


# Nobody may be null, {} or [].
PersonOrNobody = Person | Annotated[list[None], Meta(max_length=0)] | None


class SearchReply(Struct):
    contact: PersonOrNobody


class PhoneReply(Struct):
    phone: str | UnsetType | None = UNSET
    contact: PersonOrNobody | UnsetType = UNSET  # one client has met the number in here, or several


class VerificationReply(Struct):
    verified: bool


class CreditsReply(Struct):
    credits: float
    verifier_credits: float | None = None


@dataclass(frozen=True, slots=True)
class Findymail:
    """Finds addresses it has checked itself, phones outside the EU, and verifies with yes or no."""

    name: ClassVar[str] = "findymail"
    base_url: ClassVar[str] = "https://app.findymail.com"
    finds: ClassVar[Mapping[Field, Needs]] = {
        Field.EMAIL: (BY_DOMAIN, BY_COMPANY, BY_PROFILE),
        Field.PHONE: (BY_PROFILE,),
    }
    together: ClassVar[frozenset[Field]] = frozenset()
    one_price: ClassVar[bool] = False
    rates: ClassVar[Mapping[str, Rate]] = {}  # Findymail limits what runs at once, not how often
    concurrency: ClassVar[int] = 300
    timeout: ClassVar[float] = 30

    api_key: str = field(repr=False)
    # Its own clients still use the older /api/search/linkedin; which of the two will stay is not known.
    profile_path: str = "/api/search/business-profile"

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.api_key}", "Accept": "application/json"}

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Answer]:
        return self._phone(contact) if wanted[0] is Field.PHONE else self._email(contact)

    def verify(self, address: str) -> Conversation[Judged]:
        response = yield Request("POST", "/api/verify", {"email": address})
        reply = _expect_200(response).decode(VerificationReply)
        return Judged(VERDICTS[reply.verified], VERIFICATION_COST)

    def balance(self) -> Conversation[Balance]:
        response = yield Request("GET", "/api/credits")
        reply = _expect_200(response).decode(CreditsReply)
        pools = {"finder": reply.credits, "verifier": reply.verifier_credits}
        return Balance(reply.credits, {pool: left for pool, left in pools.items() if left is not None})

    def _email(self, contact: Contact) -> Conversation[Answer]:
        # The reply carries no grade, so a verifier has to give one.
        response = yield self._search(contact)
        if response.status == 404:
            return Missing()
        person = _expect_200(response).decode(SearchReply).contact
        email = person.email if isinstance(person, Person) else None
        return Found((email,), cost=SEARCH_COST) if email else Missing()

    def _search(self, contact: Contact) -> Request:
        employer = contact.domain or contact.company_name  # `domain` takes a company's name as well
        if "name" in contact.traits and employer:
            return Request("POST", "/api/search/name", {"name": contact.full_name, "domain": employer})
        return Request("POST", self.profile_path, {"linkedin_url": contact.linkedin_url})

    def _phone(self, contact: Contact) -> Conversation[Answer]:
        response = yield Request("POST", "/api/search/phone", {"linkedin_url": contact.linkedin_url})
        if response.status == 404:
            return Missing()
        reply = _expect_200(response).decode(PhoneReply)
        if reply.phone is UNSET and reply.contact is UNSET:
            raise Refused(Failure.MALFORMED_RESPONSE)
        nested = _numbers(reply.contact) if isinstance(reply.contact, Person) else []
        numbers = tuple(dict.fromkeys(each for each in (reply.phone, *nested) if each))
        return Found(numbers, cost=PHONE_COST) if numbers else Missing()


def _numbers(person: Person) -> list[str | None]:
    several = [person.phones] if isinstance(person.phones, str) else person.phones or []
    return [person.phone, *several]


def _expect_200(response: Response) -> Response:
    """A reply that is an answer. Findymail has put its complaints into HTTP 200 as well."""
    try:
        complaint = response.decode(Complaint)
    except Refused:
        response.expect(200, refusals=REFUSALS)
        raise
    if "not enough credits" in f"{complaint.message} {complaint.error}".lower():
        raise Refused(Failure.OUT_OF_CREDITS)
    response.expect(200, refusals=REFUSALS)
    if complaint.error:
        raise Refused(Failure.REQUEST_REFUSED)
    return response


ADAPTER = Findymail
