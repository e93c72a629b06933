"""The nouns of an enrichment."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from itertools import compress
from typing import Literal

from msgspec import Struct
from msgspec.structs import force_setattr


class Field(StrEnum):
    """One thing that can be asked for."""

    EMAIL = "email"
    PERSONAL_EMAIL = "personal_email"
    PHONE = "phone"

    @property
    def is_address(self) -> bool:
        return self is not Field.PHONE


VERIFY = "verify"
"""The capability of judging an address; the others are named by the field they find."""


class Grade(StrEnum):
    """What is known about a mailbox."""

    DELIVERABLE = "deliverable"  # the mailbox is confirmed
    CATCH_ALL = "catch_all"  # the domain accepts everything, and yet a source confirmed this mailbox
    RISKY = "risky"  # accepts everything without further proof; or a role, a full inbox
    INVALID = "invalid"  # undeliverable
    UNKNOWN = "unknown"  # nobody could tell


class Verdict(Struct, frozen=True):
    """A grade with its reason. `accept_all`: the source saw that the whole domain accepts everything.
    `coarse`: it knows only yes and no, so that its no may be a "cannot tell"."""

    grade: Grade
    reason: str
    accept_all: bool = False
    coarse: bool = False


class Contact(Struct, frozen=True):
    """The person who is looked for, in one spelling (see `normalize`).

    `phone_countries`: only numbers of these are wanted (empty: any); a vendor may be told, all are checked.
    """

    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    domain: str | None = None
    linkedin_url: str | None = None
    phone_countries: tuple[str, ...] = ()
    traits: frozenset[str] = frozenset()  # what is known of the person; filled in

    def __post_init__(self) -> None:
        named = bool(self.first_name and self.last_name)
        traits = _traits(named, bool(self.company_name), bool(self.domain), bool(self.linkedin_url))
        force_setattr(self, "traits", traits)

    @property
    def full_name(self) -> str:
        return f"{self.first_name or ''} {self.last_name or ''}".strip()

    @property
    def linkedin_slug(self) -> str | None:
        """The part after `/in/`."""
        return self.linkedin_url.rstrip("/").rsplit("/", 1)[-1] if self.linkedin_url else None


@cache
def _traits(*known: bool) -> frozenset[str]:
    return frozenset(compress(("name", "company_name", "domain", "linkedin_url"), known))


Needs = tuple[frozenset[str], ...]
"""Alternative sets of `Contact.traits`; any one of them is enough."""


class Found(Struct, frozen=True):
    """A vendor returned something.

    `values` are as the vendor spelt them, best first. `verdict` is the vendor's own, if it gave one.
    `cost` is in the vendor's credits. `upstream` names the source that an aggregator says it used.
    """

    values: tuple[str, ...]
    verdict: Verdict | None = None
    cost: float = 0.0
    upstream: str | None = None


class Guessed(Struct, frozen=True):
    """Addresses that a person may have, likeliest first; none counts until somebody verifies it.

    `from_company`: the domain is the one that the company is known to write from, not the request's.
    """

    values: tuple[str, ...]
    from_company: bool = False


class Missing(Struct, frozen=True):
    """A vendor looked and has nothing. `rejected`: it had a value, which proved undeliverable."""

    reason: str = "not_found"
    cost: float = 0.0
    rejected: bool = False


class Judged(Struct, frozen=True):
    """A verifier answered about one address."""

    verdict: Verdict
    cost: float = 0.0


class Failed(Struct, frozen=True):
    """A vendor could not answer: this says nothing about the person. `code`: see `failures`."""

    code: str


class Skipped(Struct, frozen=True):
    """A vendor was not asked, and why. `lacking`: for want of something in the request; nobody failed.
    `apart`: it cannot be asked for these fields in one call, but perhaps for one of them alone."""

    reason: str
    lacking: bool = False
    apart: bool = False


Answer = Found | Missing
Outcome = Found | Guessed | Missing | Judged | Failed | Skipped


class Timing(Struct, frozen=True):
    """When a question was put and how long it took, in milliseconds since the enrichment began.

    `shared`: the same question of another enrichment was out already, and its answer served both.
    `obtained_at`: the answer was remembered, and the vendor had given it then (seconds since 1970).
    """

    started_ms: float
    duration_ms: float = 0.0
    http_status: int | None = None
    shared: bool = False
    obtained_at: float | None = None

    @property
    def reused(self) -> bool:
        return self.obtained_at is not None


AttemptKind = Literal["find", "verify"]
AttemptOutcome = Literal["found", "missing", "failed", "skipped"]


class Attempt(Struct):
    """One line of the trace: one question to one provider about one field."""

    field: Field
    provider: str
    kind: AttemptKind
    outcome: AttemptOutcome
    reason: str | None
    verdict: str | None
    timing: Timing
    vendor_cost: float = 0.0
    accepted: bool = False
    values: tuple[str, ...] = ()


class Result(Struct, frozen=True):
    """What one lane ended with.

    `answered`: at least one vendor could say found or not found. `failed`: at least one that should have
    been asked could not answer. `rejected`: a value was found and proved undeliverable. `obtained_at`: the
    values were remembered, and a vendor had given them then (seconds since 1970). `confidence`: the
    probability that the address exists, by all that was said about it.
    """

    field: Field
    values: tuple[str, ...] = ()
    verdict: Verdict | None = None
    provider: str | None = None
    answered: bool = False
    failed: bool = False
    rejected: bool = False
    obtained_at: float | None = None
    confidence: float | None = None

    @property
    def found(self) -> bool:
        return bool(self.values)

    @property
    def reused(self) -> bool:
        return self.obtained_at is not None


REHEARSAL_ACCOUNT = "sandbox"
"""The account of `serve --sandbox`. Its keys were printed for trying things out, on a database that may since
have become a real one, so they open nothing but rehearsals."""


class Thresholds(Struct, frozen=True):
    """Where the verdicts of our own verifier begin, as probabilities that the mailbox exists."""

    deliverable: float = 0.90
    catch_all: float = 0.80
    invalid: float = 0.20


class Account(Struct, frozen=True):
    """Who pays and consents. Credits are in thousandths (milli-credits). `max_age`, `miss_max_age`: for how
    many seconds an answer, or a vendor's "nothing", may be used again; 0: never."""

    id: str
    name: str
    available: int
    held: int
    consents_personal_email: bool = False
    phone_countries: tuple[str, ...] = ()
    lenient: bool = False
    deliverability_vocabulary: bool = False
    accept_risky: bool = False
    max_age: float = 0.0
    miss_max_age: float = 0.0
    thresholds: Thresholds = Thresholds()


class EnrichmentRequest(Struct, frozen=True):
    """What a client asked for, once read and normalised. `custom` is the client's JSON text, untouched."""

    contact: Contact
    fields: tuple[Field, ...]
    webhook_url: str | None = None
    custom: bytes | None = None


class Enrichment(Struct):
    """One finished enrichment. Amounts are milli-credits, times milliseconds.

    `waited_ms` is the part of `duration_ms` in which at least one vendor was being waited for. `sandbox`: a
    vendor was a rehearsal. The settlement ends it: `duration_ms`, from the request on, and `remaining`, what
    the account has left, are known after it.
    """

    id: str
    request: EnrichmentRequest
    results: Mapping[Field, Result]
    attempts: tuple[Attempt, ...]
    charged: int
    duration_ms: float = 0.0
    waited_ms: float = 0.0
    sandbox: bool = False
    remaining: int = 0
