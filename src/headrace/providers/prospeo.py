"""Prospeo, the API of 2026. API reference: https://prospeo.io/api-docs/enrich-person"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from msgspec import Struct
from msgspec.structs import replace

from headrace.domain.model import Answer, Contact, Field, Found, Grade, Missing, Needs, Verdict
from headrace.providers.base import (
    BY_COMPANY,
    BY_DOMAIN,
    BY_PROFILE,
    WHOLE_VENDOR,
    Balance,
    Conversation,
    Failure,
    Findings,
    Rate,
    Refused,
    Request,
    Response,
    compact,
)

VERDICTS: Mapping[str, Verdict] = {
    "VERIFIED": Verdict(Grade.DELIVERABLE, "VERIFIED"),
    "UNVERIFIED": Verdict(Grade.RISKY, "UNVERIFIED"),
}
UNLISTED = Verdict(Grade.UNKNOWN, "unlisted_word")

# HTTP 400 alone says nothing here: no such person, no credits, bad input and Prospeo's own faults share it.
NO_MATCH = "NO_MATCH"
FAILURES: Mapping[str, Failure] = {
    "INVALID_API_KEY": Failure.BAD_KEY,
    "INSUFFICIENT_CREDITS": Failure.OUT_OF_CREDITS,
    "RATE_LIMITED": Failure.RATE_LIMITED,
    "RATE_LIMIT_EXCEEDED": Failure.RATE_LIMITED,
    "INTERNAL_ERROR": Failure.SERVER_ERROR,
    "ACCOUNT_RESTRICTED": Failure.ACCOUNT_RESTRICTED,
    "PLAN_REQUIRED": Failure.ACCOUNT_RESTRICTED,
    "INVALID_DATAPOINTS": Failure.REQUEST_REFUSED,
    "INVALID_REQUEST": Failure.REQUEST_REFUSED,
}

EMAIL_COST = 1.0
MOBILE_COST = 10.0  # the email included


class Envelope(Struct):
    error: bool
    error_code: str | None = None


class Email(Struct):
    revealed: bool
    email: str | None = None
    status: str | None = None


class Mobile(Struct):
    revealed: bool
    mobile: str | None = None
    mobile_international: str | None = None
    mobile_national: str | None = None
    mobile_country_code: str | None = None


class Person(Struct):
    email: Email | None = None
    mobile: Mobile | None = None


class PersonReply(Struct):
    person: Person
    free_enrichment: bool = False


class AccountInformation(Struct):
    remaining_credits: float


class AccountReply(Struct):
    response: AccountInformation


@dataclass(frozen=True, slots=True)
class Prospeo:
    """Email and mobile from one call; who pays for the mobile has the email with it."""

    name: ClassVar[str] = "prospeo"
    base_url: ClassVar[str] = "https://api.prospeo.io"
    finds: ClassVar[Mapping[Field, Needs]] = {
        Field.EMAIL: (BY_DOMAIN, BY_COMPANY, BY_PROFILE),
        Field.PHONE: (BY_DOMAIN, BY_COMPANY, BY_PROFILE),
    }
    together: ClassVar[frozenset[Field]] = frozenset({Field.EMAIL, Field.PHONE})
    one_price: ClassVar[bool] = True
    # The smallest plan's, which its 300 a minute does not lower further.
    rates: ClassVar[Mapping[str, Rate]] = {WHOLE_VENDOR: Rate(5, 1)}
    concurrency: ClassVar[int] = 250
    timeout: ClassVar[float] = 20

    api_key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        return {"X-KEY": self.api_key}

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Findings]:
        body: dict[str, Any] = {"enrich_mobile": Field.PHONE in wanted, "data": _identity(contact)}
        response = yield Request("POST", "/enrich-person", body)
        answers = _answers(response, wanted)
        return answers if len(wanted) > 1 else answers[wanted[0]]

    def balance(self) -> Conversation[Balance]:
        response = yield Request("GET", "/account-information")
        _matched(response)
        return Balance(response.decode(AccountReply).response.remaining_credits)


def _identity(contact: Contact) -> dict[str, str]:
    """Everything that is known; half a name would only be refused."""
    data = compact(
        linkedin_url=contact.linkedin_url, company_website=contact.domain, company_name=contact.company_name
    )
    if "name" in contact.traits:
        data |= compact(first_name=contact.first_name, last_name=contact.last_name)
    return data


def _answers(response: Response, wanted: tuple[Field, ...]) -> dict[Field, Answer]:
    if not _matched(response):
        return dict.fromkeys(wanted, Missing())
    reply = response.decode(PersonReply)
    email = _email(reply.person.email)
    mobile = _mobile(reply.person.mobile) if Field.PHONE in wanted else Missing()
    price = MOBILE_COST if isinstance(mobile, Found) else EMAIL_COST if isinstance(email, Found) else 0.0
    # One call, one price: it stands with the mobile if there is one, else with the email. Who asked for the
    # mobile alone has still paid for the email that came instead.
    payer = Field.PHONE if isinstance(mobile, Found) or Field.EMAIL not in wanted else Field.EMAIL
    answers: dict[Field, Answer] = {Field.EMAIL: email, Field.PHONE: mobile}
    cost = 0.0 if reply.free_enrichment else price
    return {name: replace(answers[name], cost=cost if name is payer else 0.0) for name in wanted}


def _email(part: Email | None) -> Answer:
    if not part or not part.revealed or not part.email:
        return Missing()
    return Found((part.email,), VERDICTS.get(part.status, UNLISTED) if part.status else None)


def _mobile(part: Mobile | None) -> Answer:
    number = _number(part) if part and part.revealed else None
    return Found((number,)) if number else Missing()


def _number(part: Mobile) -> str | None:
    """Three spellings of one number, and no promise which of them can be read without its country."""
    from headrace.domain import phones  # noqa: PLC0415

    spelt = [each for each in (part.mobile, part.mobile_international, part.mobile_national) if each]
    country = (part.mobile_country_code or "").upper() or None
    read = (phones.e164(each, country) for each in spelt)
    return next(filter(None, read), None) or next(iter(spelt), None)


def _matched(response: Response) -> bool:
    """Whether Prospeo knows the person. Raises `Refused` for every error but that one."""
    try:
        envelope = response.decode(Envelope)
    except Refused:
        response.expect(200)  # a page from something in front of Prospeo: its status says more than its text
        raise
    if envelope.error_code == NO_MATCH:
        return False
    failure = FAILURES.get(envelope.error_code or "")
    if envelope.error and failure:
        raise Refused(failure, response.retry_after)
    response.expect(200)
    if envelope.error:
        raise Refused(Failure.REQUEST_REFUSED)
    return True


ADAPTER = Prospeo
