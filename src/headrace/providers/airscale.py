"""Airscale. API reference: https://github.com/ViceScale/airscale-docs"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from msgspec import Raw, Struct
from msgspec.structs import replace

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
    compact,
)

# The finder and the verifier have words of their own: one's in the other's mouth means nothing known.
VERDICTS: Mapping[str, Verdict] = {
    "finder/valid": Verdict(Grade.DELIVERABLE, "valid"),
    "finder/risky": Verdict(Grade.RISKY, "risky"),
    "verifier/deliverable": Verdict(Grade.DELIVERABLE, "deliverable"),
    "verifier/risky": Verdict(Grade.RISKY, "risky"),
    "verifier/undeliverable": Verdict(Grade.INVALID, "undeliverable"),
    "verifier/disposable": Verdict(Grade.INVALID, "disposable"),
}
UNLISTED = Verdict(Grade.UNKNOWN, "unlisted_word")
ACCEPTS_ALL: Mapping[str | None, bool] = {"yes": True, "no": False, None: False}

EMAIL_COST = 2.0
PHONE_COST = 40.0
# 3 to 12 by source, and the reply does not say which: the dearest, so that costs are never understated.
PERSONAL_EMAIL_COST = 12.0

# No balance, no answer: Airscale says so with 403 and never with 402.
REFUSALS = {403: Failure.OUT_OF_CREDITS}


class EmailReply(Struct):
    status: Literal["success", "not_found"]
    email: str | None = None
    email_status: str | None = None
    catch_all: str | None = None
    provider: str | None = None


class PhoneReply(Struct):
    status: Literal["success", "not_found"]
    phone_numbers: str | list[str] | None = None
    all_phone_numbers: list[str] | None = None
    provider: str | None = None


class VerifierReply(Struct):
    result: str
    is_accept_all: bool = False
    is_disposable: bool = False
    credits_consumed: float = 0.5


class Wrapper(Struct):
    body: Raw = Raw()
    returned_an_error: bool = False


class Credits(Struct):
    credits: float


class CreditsReply(Struct):
    response: Credits | None = None
    credits: float | None = None


@dataclass(frozen=True, slots=True)
class Airscale:
    """A waterfall of its own behind one slow call per field; also verifies."""

    name: ClassVar[str] = "airscale"
    base_url: ClassVar[str] = "https://api.airscale.io"
    finds: ClassVar[Mapping[Field, Needs]] = {
        Field.EMAIL: (BY_DOMAIN, BY_COMPANY, BY_PROFILE),
        Field.PERSONAL_EMAIL: (BY_PROFILE,),
        Field.PHONE: (BY_PROFILE,),
    }
    together: ClassVar[frozenset[Field]] = frozenset()
    one_price: ClassVar[bool] = False
    rates: ClassVar[Mapping[str, Rate]] = {
        Field.EMAIL: Rate(3000, 60),
        Field.PHONE: Rate(3000, 60),
        Field.PERSONAL_EMAIL: Rate(2000, 60),
    }
    concurrency: ClassVar[int] = 250
    timeout: ClassVar[float] = 135  # what its verifier may take; the finder 100, phones 70

    api_key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Answer]:
        match wanted[0]:
            case Field.EMAIL:
                return self._email(contact)
            case Field.PHONE:
                return self._phone(contact)
            case Field.PERSONAL_EMAIL:
                return self._personal_email(contact)

    def verify(self, address: str) -> Conversation[Judged]:
        response = yield Request("POST", "/v1/email-verifier", {"email": address})
        reply = _unwrapped(response.expect(200, 201, refusals=REFUSALS)).decode(VerifierReply)
        word = "disposable" if reply.is_disposable else reply.result
        return Judged(_verdict(f"verifier/{word}", reply.is_accept_all), reply.credits_consumed)

    def balance(self) -> Conversation[Balance]:
        response = yield Request("POST", "/v1/credits")
        reply = response.expect(200, refusals=REFUSALS).decode(CreditsReply)
        left = reply.response.credits if reply.response else reply.credits
        if left is None:
            raise Refused(Failure.MALFORMED_RESPONSE)
        return Balance(left)

    def _email(self, contact: Contact) -> Conversation[Answer]:
        response = yield Request("POST", "/v1/email", _identity(contact))
        reply = response.expect(200, refusals=REFUSALS).decode(EmailReply)
        if reply.status == "not_found" or not reply.email:
            return Missing()
        verdict = None
        if reply.email_status:
            verdict = _verdict(f"finder/{reply.email_status}", ACCEPTS_ALL.get(reply.catch_all))
        return Found((reply.email,), verdict, EMAIL_COST, reply.provider)

    def _phone(self, contact: Contact) -> Conversation[Answer]:
        response = yield Request("POST", "/v1/phone", {"linkedin_profile_url": contact.linkedin_url})
        reply = response.expect(200, refusals=REFUSALS).decode(PhoneReply)
        first = [reply.phone_numbers] if isinstance(reply.phone_numbers, str) else reply.phone_numbers or []
        numbers = tuple(dict.fromkeys(filter(None, [*first, *(reply.all_phone_numbers or [])])))
        if reply.status == "not_found" or not numbers:
            return Missing()
        return Found(numbers, cost=PHONE_COST, upstream=reply.provider)

    def _personal_email(self, contact: Contact) -> Conversation[Answer]:
        # This reply carries no grade, so a verifier has to give one.
        response = yield Request("POST", "/v1/personal-email", {"linkedin_profile_url": contact.linkedin_url})
        reply = response.expect(200, refusals=REFUSALS).decode(EmailReply)
        if reply.status == "not_found" or not reply.email:
            return Missing()
        return Found((reply.email,), cost=PERSONAL_EMAIL_COST, upstream=reply.provider)


def _identity(contact: Contact) -> dict[str, str]:
    """The profile, the name with one employer, or both: whatever is complete, and nothing that is not."""
    body = compact(linkedin_profile_url=contact.linkedin_url)
    if "name" in contact.traits and (contact.domain or contact.company_name):
        body |= compact(first_name=contact.first_name, last_name=contact.last_name)
        body |= compact(domain=contact.domain) or compact(company_name=contact.company_name)
    return body


def _verdict(word: str, accepts_all: bool | None) -> Verdict:
    """`accepts_all`: `None` where it cannot be told, which leaves nothing of a good word."""
    verdict = VERDICTS.get(word, UNLISTED)
    vouched_for = verdict.grade is Grade.DELIVERABLE
    if accepts_all is None and vouched_for:
        return UNLISTED
    if not accepts_all:
        return verdict
    return replace(verdict, grade=Grade.CATCH_ALL if vouched_for else verdict.grade, accept_all=True)


def _unwrapped(response: Response) -> Response:
    """The verifier's own body, which sometimes comes inside another one."""
    wrapper = response.decode(Wrapper)
    if wrapper.returned_an_error:
        raise Refused(Failure.SERVER_ERROR)
    inner = bytes(wrapper.body)
    return replace(response, body=inner) if inner else response


ADAPTER = Airscale
