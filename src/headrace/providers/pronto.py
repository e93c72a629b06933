"""Pronto, or another Headrace: both speak https://docs.prontohq.com (contacts, single enrich)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from msgspec import Struct

from headrace.domain.model import Answer, Contact, Failed, Field, Found, Grade, Missing, Needs, Verdict
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

# The page's prose, its schema and its clients each have their own words for the same states. `catch-all`
# is said of an address that passed the vendor's verifiers on a domain that accepts everything.
VERDICTS: Mapping[str, Verdict] = {
    "valid": Verdict(Grade.DELIVERABLE, "valid"),
    "deliverable": Verdict(Grade.DELIVERABLE, "deliverable"),
    "catch-all": Verdict(Grade.CATCH_ALL, "catch-all", accept_all=True),
    "invalid": Verdict(Grade.INVALID, "invalid"),
    "N/A": Verdict(Grade.UNKNOWN, "N/A"),
}
UNLISTED = Verdict(Grade.UNKNOWN, "unlisted_word")

COSTS: Mapping[Field, float] = {Field.EMAIL: 3.0, Field.PERSONAL_EMAIL: 30.0, Field.PHONE: 30.0}
CHARGED = "x-headrace-credits-charged"

REFUSALS = {403: Failure.BAD_KEY}  # the vendor's own client takes it for 401
CREDIT_WORDS = ("enrichment credits", "insufficient credits", "insufficient_credits")
_AGAIN_IN = re.compile(r"try again in (\d{1,9}) seconds?")


class Number(Struct):
    number: str


class Reply(Struct):
    status: Literal["success", "error", "finished"]
    email: str | None = None
    email_status: str | None = None
    personal_email: str | None = None
    personal_email_status: str | None = None
    phones: list[str | Number] | None = None


class Complaint(Struct):
    error: str | int | None = None
    message: str | None = None
    code: str | None = None
    errors: list[str] | None = None


class CreditsReply(Struct):
    credits: float


@dataclass(frozen=True, slots=True)
class Pronto:
    """A waterfall behind one call that takes all three fields at once, each at its own price."""

    name: ClassVar[str] = "pronto"
    base_url: ClassVar[str] = "https://api.prontohq.com"
    finds: ClassVar[Mapping[Field, Needs]] = {
        Field.EMAIL: (BY_DOMAIN, BY_COMPANY, BY_PROFILE),
        Field.PERSONAL_EMAIL: (BY_PROFILE,),
        Field.PHONE: (BY_PROFILE,),
    }
    together: ClassVar[frozenset[Field]] = frozenset(Field)
    one_price: ClassVar[bool] = False
    rates: ClassVar[Mapping[str, Rate]] = {WHOLE_VENDOR: Rate(50, 1)}
    concurrency: ClassVar[int] = 250
    timeout: ClassVar[float] = 60

    api_key: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        return {"X-API-KEY": self.api_key}

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Findings]:
        response = yield self._request(wanted, contact)
        without = tuple(name for name in wanted if name is not Field.PERSONAL_EMAIL)
        if len(without) < len(wanted) and without and _lacks_consent(response):
            # A missing consent gates the whole call there; the other fields can still be had.
            response = yield self._request(without, contact)
            answers = _answers(_expect_200(response), without)
            return {**answers, Field.PERSONAL_EMAIL: Failed(Failure.REQUEST_REFUSED)}
        answers = _answers(_expect_200(response), wanted)
        return answers if len(wanted) > 1 else answers[wanted[0]]

    def balance(self) -> Conversation[Balance]:
        response = yield Request("GET", "/v2/credits")
        return Balance(_expect_200(response).decode(CreditsReply).credits)

    def _request(self, wanted: tuple[Field, ...], contact: Contact) -> Request:
        body: dict[str, Any] = {"enrichment_type": [str(name) for name in wanted]}
        if Field.PHONE in wanted and contact.phone_countries:
            body["phone_country_codes"] = list(contact.phone_countries)
        body |= compact(
            firstname=contact.first_name,
            lastname=contact.last_name,
            company_name=contact.company_name,
            domain=contact.domain,
            linkedin_url=contact.linkedin_url,
        )
        return Request("POST", "/v2/contacts/single_enrich", body)


def _answers(response: Response, wanted: tuple[Field, ...]) -> dict[Field, Answer]:
    reply = response.decode(Reply)
    charged = _charged(response)
    answers: dict[Field, Answer] = {}
    for name in wanted:
        values, verdict = _found(reply, name)
        if not values:
            rejected = verdict is not None and verdict.grade is Grade.INVALID
            answers[name] = Missing("rejected", rejected=True) if rejected else Missing()
            continue
        # What another Headrace says it charged is for the whole call.
        answers[name] = Found(values, verdict, COSTS[name] if charged is None else charged)
        charged = None if charged is None else 0.0
    return answers


def _found(reply: Reply, name: Field) -> tuple[tuple[str, ...], Verdict | None]:
    match name:
        case Field.EMAIL:
            return _address(reply.email, reply.email_status)
        case Field.PERSONAL_EMAIL:
            return _address(reply.personal_email, reply.personal_email_status)
        case Field.PHONE:
            # Older servers wrap each number in an object.
            numbers = (phone if isinstance(phone, str) else phone.number for phone in reply.phones or [])
            return tuple(filter(None, numbers)), None


def _address(value: str | None, status: str | None) -> tuple[tuple[str, ...], Verdict | None]:
    return (value,) if value else (), VERDICTS.get(status, UNLISTED) if status else None


def _charged(response: Response) -> float | None:
    text = response.headers.get(CHARGED, "")
    return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else None


def _expect_200(response: Response) -> Response:
    """422 is both an empty balance and a missing consent; only the text tells them apart. That of a 429 says
    when to come back.

    A missing consent is the refusal of one request, not of the account: without the personal e-mail the
    same account still answers.
    """
    if response.status == 422 and _lacks_credits(response):
        raise Refused(Failure.OUT_OF_CREDITS)
    if response.status == 429 and response.retry_after is None:
        again = _AGAIN_IN.search(_complaint(response))
        raise Refused(Failure.RATE_LIMITED, float(again[1]) if again else None)
    return response.expect(200, refusals=REFUSALS)


def _lacks_consent(response: Response) -> bool:
    return response.status == 422 and not _lacks_credits(response)


def _lacks_credits(response: Response) -> bool:
    text = _complaint(response)
    return any(words in text for words in CREDIT_WORDS)


def _complaint(response: Response) -> str:
    """All that it says, in lower case; nothing where it is not in the shape of one."""
    try:
        said = response.decode(Complaint)
    except Refused:
        return ""
    return " ".join(map(str, (said.error, said.message, said.code, *(said.errors or ())))).lower()


ADAPTER = Pronto
