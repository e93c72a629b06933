"""The shapes of an operator's requests and answers. A request with a field that is not listed is refused."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Credits = int | float
Countries = Annotated[
    list[str], Meta(max_length=250, description="ISO 3166-1 alpha-2. Empty: all.", examples=[["FR", "US"]])
]
Validation = Literal["strict", "lenient"]
Vocabulary = Literal["schema", "deliverability"]
Age = Annotated[
    float, Meta(ge=0, le=315_360_000, description="Seconds for which it may be used again; 0: never.")
]
Chance = Annotated[
    float, Meta(ge=0, le=1, description="The probability that a mailbox exists at which the verdict begins.")
]


class SettingsChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is not there stays."""

    phone_countries: Countries | UnsetType = UNSET
    validation: Validation | UnsetType = UNSET
    email_status_vocabulary: Vocabulary | UnsetType = UNSET
    accept_risky: bool | UnsetType = UNSET
    max_age: Age | UnsetType = UNSET
    miss_max_age: Age | UnsetType = UNSET
    deliverable: Chance | UnsetType = UNSET
    catch_all: Chance | UnsetType = UNSET
    invalid: Chance | UnsetType = UNSET


class NewAccountRequest(SettingsChange, kw_only=True, forbid_unknown_fields=True):
    """An account with its settings and what it begins with."""

    name: Annotated[str, Meta(min_length=1, max_length=200, examples=["acme"])]
    credits: Annotated[float, Meta(ge=0, le=1e12, description="At most three decimals.")] = 0
    consent: Annotated[bool, Meta(description="To personal addresses, to the document in force.")] = False


class CreditsChange(Struct, forbid_unknown_fields=True):
    """Credits to add; a negative number takes back."""

    amount: Annotated[float, Meta(ge=-1e12, le=1e12, description="At most three decimals.", examples=[100])]


class ConsentChange(Struct, forbid_unknown_fields=True):
    """What the account said about personal addresses. `version`: of the document, if not the one in force."""

    action: Literal["grant", "withdraw"]
    version: Annotated[str, Meta(min_length=1, max_length=50)] | UnsetType = UNSET


class PersonSelectors(Struct, forbid_unknown_fields=True):
    """Who is meant: by any of these; `name`, the first and the last one, needs the `domain` of the company.
    `region` is the country of a national phone number."""

    email: Annotated[str, Meta(max_length=320)] | UnsetType = UNSET
    phone: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    linkedin_url: Annotated[str, Meta(max_length=1000)] | UnsetType = UNSET
    name: Annotated[str, Meta(max_length=400)] | UnsetType = UNSET
    domain: Annotated[str, Meta(max_length=300)] | UnsetType = UNSET
    region: Annotated[str, Meta(min_length=2, max_length=2)] | UnsetType = UNSET


class ReportedOutcome(Struct, forbid_unknown_fields=True):
    """What became of mail to an address that an enrichment returned."""

    email: Annotated[str, Meta(max_length=320)]
    outcome: Literal["bounced", "delivered"]


class OutcomesReport(Struct, forbid_unknown_fields=True):
    """What operators heard back. `bounced`: refused for good, not for now."""

    outcomes: Annotated[list[ReportedOutcome], Meta(min_length=1, max_length=1000)]


class OutcomesCounted(Struct, frozen=True):
    """How many were counted; of how many no kept enrichment has returned the address; how many had been
    reported before."""

    counted: int
    unknown: int
    repeated: int


class Nothing(Struct, forbid_unknown_fields=True):
    """A request that says all in its path; it needs no body."""


class AccountDetails(Struct, frozen=True):
    """An account. Amounts are credits, ages seconds."""

    account_id: str
    name: str
    available: Credits
    held: Credits
    consents_personal_email: bool
    phone_countries: tuple[str, ...]
    validation: Validation
    email_status_vocabulary: Vocabulary
    accept_risky: bool
    max_age: int | float
    miss_max_age: int | float
    deliverable: float
    catch_all: float
    invalid: float


class AccountsPage(Struct, frozen=True):
    """Accounts, oldest first. `next` is the `after` of the next page; null on the last one."""

    accounts: list[AccountDetails]
    next: str | None


class AccountMade(Struct, frozen=True):
    """A new account and its first key, which is not shown again."""

    account_id: str
    name: str
    api_key: str


class KeyMade(Struct, frozen=True):
    """A new key, which is not shown again."""

    key_id: str
    api_key: str


class KeyDetails(Struct, frozen=True):
    key_id: str
    created_at: str
    revoked_at: str | None


class KeysAnswer(Struct, frozen=True):
    keys: list[KeyDetails]


class KeyRevoked(Struct, frozen=True):
    key_id: str
    revoked: bool


class CreditsStanding(Struct, frozen=True):
    """What an account can spend; `held` is reserved by enrichments that are running."""

    account_id: str
    name: str
    available: Credits
    held: Credits


class CreditsChanged(Struct, frozen=True):
    """What was added, and what the account can spend now."""

    account_id: str
    name: str
    added: Credits
    available: Credits


class ConsentDetails(Struct, frozen=True):
    """What was said, about which version of the document, and who wrote it down."""

    document: str
    action: Literal["grant", "withdraw"]
    version: str
    actor: str
    at: str


class ConsentsAnswer(Struct, frozen=True):
    """All that was ever said, oldest first; the last one holds."""

    consents_personal_email: bool
    consents: list[ConsentDetails]


class PreviousSecret(Struct, frozen=True):
    """A secret that was replaced; it signs too, until then."""

    secret: str
    valid_until: str


class SecretAnswer(Struct, frozen=True):
    """What webhooks are signed with; null until somebody asks for one or something is delivered."""

    secret: str | None
    previous: list[PreviousSecret]


class BooksAnswer(Struct, frozen=True):
    """The books, recomputed. Amounts are credits; `sum`, over all purses, is 0 in balanced books."""

    balanced: bool
    accounts: int
    entries: int
    sum: Credits
    available: Credits
    held: Credits
    complaints: tuple[str, ...]


class AuditLine(Struct, frozen=True):
    """What was done, by whom, to what: an id, or the digest of an identifier."""

    id: int
    at: str
    actor: str
    action: str
    subject: str


class AuditPage(Struct, frozen=True):
    """The newest first. `next` is the `before` of the next page; null on the last one."""

    entries: list[AuditLine]
    next: int | None


class SuppressionDetails(Struct, frozen=True):
    """One identifier of somebody: a keyed hash and its kind, never what it is."""

    digest: str
    kind: Literal["email", "phone", "linkedin", "name_domain"]
    source: str
    created_at: str


class SuppressionsPage(Struct, frozen=True):
    """`next` is the `after` of the next page; null on the last one."""

    suppressions: list[SuppressionDetails]
    next: str | None


class Suppressed(Struct, frozen=True):
    """How many identifiers were given, and how many of them were not known yet."""

    identifiers: int
    added: int


class Unsuppressed(Struct, frozen=True):
    """How many identifiers were given, and how many of them were suppressed until now."""

    identifiers: int
    removed: int
