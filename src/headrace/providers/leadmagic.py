"""LeadMagic. API reference: https://leadmagic.io/docs/v1/reference"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from headrace.domain.model import Answer, Contact, Field, Found, Grade, Judged, Missing, Needs, Verdict
from headrace.providers.base import (
    BY_COMPANY,
    BY_DOMAIN,
    BY_PROFILE,
    Balance,
    Conversation,
    Rate,
    Request,
    compact,
)

# Both vocabularies: today's, and the one of early 2026 that separated catch-all domains by word.
VERDICTS: Mapping[str, Verdict] = {
    "valid": Verdict(Grade.DELIVERABLE, "valid"),
    "valid_catch_all": Verdict(Grade.CATCH_ALL, "valid_catch_all", accept_all=True),
    "catch_all": Verdict(Grade.RISKY, "catch_all", accept_all=True),
    "invalid": Verdict(Grade.INVALID, "invalid"),
    "unknown": Verdict(Grade.UNKNOWN, "unknown"),
}
UNLISTED = Verdict(Grade.UNKNOWN, "unlisted_word")


class EmailReply(Struct):
    email: str | None = None
    work_email: str | None = None
    status: str | None = None
    is_domain_catch_all: bool | None = None
    credits_consumed: float = 0.0


class MobileReply(Struct):
    mobile_number: str | None = None
    credits_consumed: float = 0.0


class PersonalReply(Struct):
    personal_email: str | None = None
    first_personal_email: str | None = None
    personal_emails: list[str] | None = None
    credits_consumed: float = 0.0


class ValidationReply(Struct):
    email_status: str
    is_domain_catch_all: bool | None = None
    credits_consumed: float = 0.0


class CreditsReply(Struct):
    credits: float


@dataclass(frozen=True, slots=True)
class LeadMagic:
    """Finds all three fields and verifies; every route is synchronous and fast."""

    name: ClassVar[str] = "leadmagic"
    base_url: ClassVar[str] = "https://api.leadmagic.io"
    finds: ClassVar[Mapping[Field, Needs]] = {
        Field.EMAIL: (BY_DOMAIN, BY_COMPANY, BY_PROFILE),
        Field.PERSONAL_EMAIL: (BY_PROFILE,),
        Field.PHONE: (BY_PROFILE,),
    }
    together: ClassVar[frozenset[Field]] = frozenset()
    one_price: ClassVar[bool] = False
    rates: ClassVar[Mapping[str, Rate]] = dict.fromkeys((*Field, "verify"), Rate(300, 60))
    concurrency: ClassVar[int] = 250
    timeout: ClassVar[float] = 10

    api_key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        return {"X-API-Key": self.api_key}

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Answer]:
        match wanted[0]:
            case Field.EMAIL if contact.traits & {"domain", "company_name"} and "name" in contact.traits:
                return self._email_by_name(contact)
            case Field.EMAIL:
                return self._email_by_profile(contact)
            case Field.PHONE:
                return self._phone(contact)
            case Field.PERSONAL_EMAIL:
                return self._personal_email(contact)

    def verify(self, address: str) -> Conversation[Judged]:
        response = yield Request("POST", "/v1/people/email-validation", {"email": address})
        reply = response.expect(200).decode(ValidationReply)
        return Judged(_verdict(reply.email_status, reply.is_domain_catch_all), reply.credits_consumed)

    def balance(self) -> Conversation[Balance]:
        response = yield Request("GET", "/v1/credits")
        return Balance(response.expect(200).decode(CreditsReply).credits)

    def _email_by_name(self, contact: Contact) -> Conversation[Answer]:
        body = compact(
            first_name=contact.first_name,
            last_name=contact.last_name,
            domain=contact.domain,
            company_name=contact.company_name,
        )
        response = yield Request("POST", "/v1/people/email-finder", body)
        reply = response.expect(200).decode(EmailReply)
        if not reply.email or reply.status == "not_found":
            return Missing(cost=reply.credits_consumed)
        verdict = _verdict(reply.status, reply.is_domain_catch_all) if reply.status else None
        return Found((reply.email,), verdict, reply.credits_consumed)

    def _email_by_profile(self, contact: Contact) -> Conversation[Answer]:
        # This reply carries no grade, so a verifier has to give one.
        response = yield Request(
            "POST", "/v1/people/b2b-profile-email", {"profile_url": contact.linkedin_url}
        )
        reply = response.expect(200).decode(EmailReply)
        email = reply.email or reply.work_email
        return Found((email,), cost=reply.credits_consumed) if email else Missing(cost=reply.credits_consumed)

    def _phone(self, contact: Contact) -> Conversation[Answer]:
        response = yield Request("POST", "/v1/people/mobile-finder", {"profile_url": contact.linkedin_url})
        reply = response.expect(200).decode(MobileReply)
        if not reply.mobile_number:
            return Missing(cost=reply.credits_consumed)
        return Found((reply.mobile_number,), cost=reply.credits_consumed)

    def _personal_email(self, contact: Contact) -> Conversation[Answer]:
        response = yield Request(
            "POST", "/v1/people/personal-email-finder", {"profile_url": contact.linkedin_url}
        )
        if response.status == 404:
            return Missing()
        reply = response.expect(200).decode(PersonalReply)
        email = (
            reply.personal_email
            or reply.first_personal_email
            or next(iter(reply.personal_emails or []), None)
        )
        return Found((email,), cost=reply.credits_consumed) if email else Missing(cost=reply.credits_consumed)


def _verdict(word: str, catch_all: bool | None) -> Verdict:
    """That the domain accepts everything is evidence beside any word, above all beside "cannot tell"."""
    verdict = VERDICTS.get(word, UNLISTED)
    if catch_all and verdict.grade is Grade.DELIVERABLE:
        return VERDICTS["valid_catch_all"]
    return replace(verdict, accept_all=verdict.accept_all or bool(catch_all))


ADAPTER = LeadMagic
