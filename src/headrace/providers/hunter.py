"""Hunter. API reference: https://hunter.io/api-documentation/v2"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from msgspec import Struct
from msgspec.structs import replace

from headrace.domain.model import (
    VERIFY,
    Answer,
    Contact,
    Field,
    Found,
    Grade,
    Judged,
    Missing,
    Needs,
    Verdict,
)
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
    Wait,
    compact,
)

# `webmail` says where the mailbox is, not whether it exists: the older word beside it has to.
VERDICTS: Mapping[str, Verdict] = {
    "valid": Verdict(Grade.DELIVERABLE, "valid"),
    "accept_all": Verdict(Grade.RISKY, "accept_all", accept_all=True),
    "invalid": Verdict(Grade.INVALID, "invalid"),
    "disposable": Verdict(Grade.INVALID, "disposable"),
    "unknown": Verdict(Grade.UNKNOWN, "unknown"),
    "blocked": Verdict(Grade.UNKNOWN, "blocked"),
    "webmail/deliverable": Verdict(Grade.DELIVERABLE, "webmail"),
    "webmail/risky": Verdict(Grade.RISKY, "webmail"),
    "webmail/undeliverable": Verdict(Grade.INVALID, "webmail"),
}
UNLISTED = Verdict(Grade.UNKNOWN, "unlisted_word")

OPTED_OUT = 451  # the person asked Hunter to stop processing their data
MAIL_SERVER_MISBEHAVED = 222  # a 2xx without an answer, and so without a price

SEARCH_COST = 1.0
VERIFICATION_COST = 0.5

POLL_SECONDS = 1.0
POLLS = 20


_KNOWN_TO_IT = (200, 202, MAIL_SERVER_MISBEHAVED, 404, OPTED_OUT)
"""Replies to a key that is good."""


class Standing(Struct):
    """What is known of a key in this process."""

    good: bool = False


class Verification(Struct):
    status: str | None = None


class FinderData(Struct):
    email: str | None
    accept_all: bool | None = None
    verification: Verification | None = None


class FinderReply(Struct):
    data: FinderData


class VerifierData(Struct):
    status: str
    result: str | None = None
    accept_all: bool | None = None


class VerifierReply(Struct):
    data: VerifierData


class Meter(Struct):
    used: float
    available: float  # the whole allowance, not what is left of it

    @property
    def left(self) -> float:
        return self.available - self.used


class CreditsMeter(Struct):
    remaining: float


class Meters(Struct):
    credits: CreditsMeter
    searches: Meter | None = None
    verifications: Meter | None = None


class Account(Struct):
    requests: Meters


class AccountReply(Struct):
    data: Account


@dataclass(frozen=True, slots=True)
class Hunter:
    """Finds and verifies work addresses; may answer "not yet", and is then asked the same again."""

    name: ClassVar[str] = "hunter"
    base_url: ClassVar[str] = "https://api.hunter.io"
    finds: ClassVar[Mapping[Field, Needs]] = {Field.EMAIL: (BY_DOMAIN, BY_COMPANY, BY_PROFILE)}
    together: ClassVar[frozenset[Field]] = frozenset()
    one_price: ClassVar[bool] = False
    # Hunter counts twice: 15 a second and 500 a minute to find, 10 and 300 to verify. The minute binds
    # sooner; spread evenly, it keeps the second's limit too, which a burst of 500 would not.
    rates: ClassVar[Mapping[str, Rate]] = {Field.EMAIL: Rate(8, 1), VERIFY: Rate(5, 1)}
    concurrency: ClassVar[int] = 250
    timeout: ClassVar[float] = 20

    api_key: str = field(repr=False)
    _standing: Standing = field(default_factory=Standing, init=False, repr=False, compare=False)

    def headers(self) -> Mapping[str, str]:
        # Hunter also takes the key in the query, where it would end up in logs.
        return {"X-API-KEY": self.api_key}

    def find(self, wanted: tuple[Field, ...], contact: Contact) -> Conversation[Answer]:  # noqa: ARG002
        response = yield from self._patiently(Request("GET", "/v2/email-finder", query=_identity(contact)))
        if response.status == OPTED_OUT:
            return Missing("person_opted_out")
        if response.status == 404:
            return Missing()
        data = _expect(response, 200).decode(FinderReply).data
        if not data.email:
            return Missing()
        word = data.verification.status if data.verification else None
        return Found((data.email,), _found_verdict(word, bool(data.accept_all)), SEARCH_COST)

    def verify(self, address: str) -> Conversation[Judged]:
        response = yield from self._patiently(Request("GET", "/v2/email-verifier", query={"email": address}))
        if response.status == OPTED_OUT:
            return Judged(Verdict(Grade.UNKNOWN, "person_opted_out"))
        if response.status == MAIL_SERVER_MISBEHAVED:
            return Judged(Verdict(Grade.UNKNOWN, "mail_server_misbehaved"))
        data = _expect(response, 200).decode(VerifierReply).data
        word = f"webmail/{data.result}" if data.status == "webmail" else data.status
        return Judged(_verdict(word, bool(data.accept_all)) or UNLISTED, VERIFICATION_COST)

    def balance(self) -> Conversation[Balance]:
        response = yield from self._patiently(Request("GET", "/v2/account"))
        meters = _expect(response, 200).decode(AccountReply).data.requests
        pools = {"searches": meters.searches, "verifications": meters.verifications}
        left = {pool: meter.left for pool, meter in pools.items() if meter}
        return Balance(meters.credits.remaining, left)

    def _patiently(self, request: Request) -> Conversation[Response]:
        """The final reply to `request`. Asking again after "not yet" is not paid for again."""
        forbidden = 0
        for _ in range(POLLS):
            response = yield request
            self._standing.good = self._standing.good or response.status in _KNOWN_TO_IT
            forbidden += response.status == 403
            if forbidden > 1:
                # Of a key that has worked, it is still about speed: that must not stop the vendor for good.
                raise Refused(
                    Failure.RATE_LIMITED if self._standing.good else Failure.BAD_KEY, response.retry_after
                )
            if response.status not in (202, 403):
                return response
            yield Wait(POLL_SECONDS)
        raise Refused(Failure.TIMEOUT)


def _identity(contact: Contact) -> dict[str, str]:
    """Everything that narrows the search; half a name would only be refused."""
    named = "name" in contact.traits
    return compact(
        linkedin_handle=contact.linkedin_slug,
        domain=contact.domain,
        company=None if contact.domain else contact.company_name,
        first_name=contact.first_name if named else None,
        last_name=contact.last_name if named else None,
    )


def _found_verdict(word: str | None, accepts_all: bool) -> Verdict | None:
    """Where a domain accepts everything and no word says more, that is what is known of the address."""
    verdict = _verdict(word, accepts_all)
    says_more = verdict and verdict.grade is not Grade.UNKNOWN
    return VERDICTS["accept_all"] if accepts_all and not says_more else verdict


def _verdict(word: str | None, accepts_all: bool) -> Verdict | None:
    if not word:
        return None
    verdict = VERDICTS.get(word, UNLISTED)
    if accepts_all and verdict.grade is Grade.DELIVERABLE:
        return replace(verdict, grade=Grade.CATCH_ALL, accept_all=True)
    return replace(verdict, accept_all=verdict.accept_all or accepts_all)


def _expect(response: Response, *statuses: int) -> Response:
    # Hunter's own sources disagree on 429: a rate limit says when to come back, an empty plan does not.
    limited = Failure.RATE_LIMITED if "retry-after" in response.headers else Failure.OUT_OF_CREDITS
    return response.expect(*statuses, refusals={429: limited})


ADAPTER = Hunter
