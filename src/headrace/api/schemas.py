"""The shapes of requests and answers, as they stand on the wire."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from headrace.record import AttemptRecord

Kind = Literal["phone", "email", "personal_email"]
PersonalEmailStatus = Literal["valid", "invalid", "N/A"]
PhoneStatus = Literal["valid", "not_found"]


class Person(Struct, kw_only=True):
    """Whom to look for. Empty strings count as absent; unknown fields are ignored."""

    firstname: Annotated[str, Meta(max_length=200, examples=["Mathieu"])] | None = None
    lastname: Annotated[str, Meta(max_length=200, examples=["Brun-Picard"])] | None = None
    company_name: Annotated[str, Meta(max_length=300, examples=["Pronto"])] | None = None
    domain: (
        Annotated[
            str, Meta(max_length=300, description="The company's website domain.", examples=["prontohq.com"])
        ]
        | None
    ) = None
    linkedin_url: (
        Annotated[
            str,
            Meta(
                max_length=1000,
                description="Needed for `phone` and `personal_email`; recommended always.",
                examples=["https://www.linkedin.com/in/mathieu-brun-picard/"],
            ),
        ]
        | None
    ) = None
    custom: Annotated[Raw, Meta(description="Any object; comes back unchanged.")] | UnsetType = UNSET


class EnrichRequest(Person, kw_only=True):
    """Whom to look for, and for what. Empty strings count as absent; unknown fields are ignored."""

    enrichment_type: Annotated[list[Kind], Meta(min_length=1, max_length=3, description="What to look for.")]
    webhook_url: (
        Annotated[
            str, Meta(max_length=2000, description="The answer is also queued for delivery to this URL.")
        ]
        | None
    ) = None
    phone_country_codes: (
        Annotated[
            list[str],
            Meta(
                max_length=250,
                description="ISO 3166-1 alpha-2. Only numbers of these countries; default: the account's.",
                examples=[["FR", "US"]],
            ),
        ]
        | None
    ) = None


class EnrichAnswer(Struct, frozen=True):
    """The keys of the kinds that were asked for, and no others."""

    enrichment_id: str
    first_name: str | None
    last_name: str | None
    linkedin_profile_url: str | None
    status: Literal["success", "error"]
    message: str | UnsetType = UNSET
    email: str | None | UnsetType = UNSET
    email_status: Literal["valid", "invalid", "deliverable", "catch-all", "N/A"] | UnsetType = UNSET
    personal_email: str | None | UnsetType = UNSET
    personal_email_status: PersonalEmailStatus | UnsetType = UNSET
    phones: tuple[str, ...] | UnsetType = UNSET
    phone_status: PhoneStatus | UnsetType = UNSET
    custom: Raw | UnsetType = UNSET
    attempts: list[AttemptRecord] | UnsetType = UNSET
    email_confidence: float | None | UnsetType = UNSET


class PendingAnswer(Struct, frozen=True):
    """What was queued. The result comes by webhook, or by `GET /api/v2/contacts/{enrichment_id}`."""

    enrichment_id: str
    first_name: str | None
    last_name: str | None
    status: Literal["pending"]
    custom: Raw | UnsetType = UNSET


class ContactAnswer(Struct, frozen=True):
    """An enrichment as it is read later: the keys of the kinds that were asked for, once it is finished.
    `phone` and `phones` hold the same."""

    enrichment_id: str
    first_name: str | None
    last_name: str | None
    linkedin_profile_url: str | None
    status: Literal["pending", "finished"]
    bulk_id: str | UnsetType = UNSET
    email: str | None | UnsetType = UNSET
    email_status: Literal["deliverable", "catch-all", "N/A"] | UnsetType = UNSET
    personal_email: str | None | UnsetType = UNSET
    personal_email_status: Literal["valid", "invalid", "catch-all", "N/A"] | UnsetType = UNSET
    phone: tuple[str, ...] | UnsetType = UNSET
    phones: tuple[str, ...] | UnsetType = UNSET
    custom: Raw | UnsetType = UNSET


class BulkRequest(Struct, kw_only=True):
    """2 to 100 contacts, each with the fields of a single request; the rest holds for all of them."""

    contacts: Annotated[list[Raw], Meta(min_length=2, max_length=100, description="Whom to look for.")]
    enrichment_type: Annotated[list[Kind], Meta(min_length=1, max_length=1, description="What to look for.")]
    webhook_url: (
        Annotated[str, Meta(max_length=2000, description="Each contact's result is posted to this URL.")]
        | None
    ) = None
    phone_country_codes: Annotated[list[str], Meta(max_length=250)] | None = None


class BulkAnswer(Struct, frozen=True):
    """A bulk that was taken on; `enrichment_id` is its own, each contact has another."""

    enrichment_id: str
    status: Literal["queued"]


class ProgressAnswer(Struct, frozen=True):
    """How far a bulk has come, in contacts."""

    enrichment_id: str
    status: Literal["queued", "processing", "finished"]
    total: int
    finished: int


class VerifyRequest(Struct, kw_only=True):
    """The address to judge. A text that is no address is judged too."""

    email: Annotated[str, Meta(examples=["jane.doe@example.com"])]


class EvidenceItem(Struct, frozen=True):
    """What one check found. `unknown` says nothing about the address; `reason` says why."""

    check: str
    result: Literal["yes", "no", "unknown"]
    reason: str


class VerifyAnswer(Struct, frozen=True):
    """`bounce_probability` is null only for `unknown`."""

    email: str
    verdict: Literal["deliverable", "catch_all", "risky", "invalid", "unknown"]
    reason: str
    bounce_probability: float | None
    evidence: list[EvidenceItem]


class ProblemBody(Struct, frozen=True):
    """Every error, whatever its cause. `error` repeats the HTTP status."""

    error: int
    message: str
    code: str


class StoredValue(Struct, frozen=True):
    """One field's outcome with its provenance."""

    values: tuple[str, ...]
    verdict: str | None
    reason: str | None
    provider: str | None
    found_at: str | None


class StoredAnswer(Struct, frozen=True):
    """A stored enrichment, for its owner."""

    enrichment_id: str
    first_name: str | None
    last_name: str | None
    company_name: str | None
    domain: str | None
    linkedin_profile_url: str | None
    status: Literal["success", "error"]
    created_at: str
    finished_at: str
    credits_charged: int | float
    attempts: list[AttemptRecord]
    email: str | None | UnsetType = UNSET
    email_status: Literal["valid", "deliverable", "catch-all", "N/A"] | UnsetType = UNSET
    email_confidence: float | None | UnsetType = UNSET
    personal_email: str | None | UnsetType = UNSET
    personal_email_status: PersonalEmailStatus | UnsetType = UNSET
    phones: tuple[str, ...] | UnsetType = UNSET
    phone_status: PhoneStatus | UnsetType = UNSET
    provenance: dict[str, StoredValue] | UnsetType = UNSET
    custom: Raw | UnsetType = UNSET


class CreditsAnswer(Struct, frozen=True):
    """What the account can spend. `held` is reserved by enrichments that are running."""

    credits: int | float
    held: int | float


class Organization(Struct, frozen=True):
    id: str
    name: str


class AccountAnswer(Struct, frozen=True):
    """The account behind the key, and its settings."""

    id: str
    name: str
    email: str | None
    organization: Organization
    consents_personal_email: bool
    phone_country_codes: tuple[str, ...]
    validation: Literal["strict", "lenient"]
    email_status_vocabulary: Literal["schema", "deliverability"]
    accept_risky: bool


class DeliveryDetails(Struct, frozen=True):
    """A webhook that is due or was delivered. `url` is null once its person was erased; `last_status` is that
    of the receiver's last answer."""

    id: str
    enrichment_id: str
    url: str | None
    attempts: int
    state: Literal["pending", "delivered", "failed", "disabled", "suppressed"]
    last_status: int | None
    last_error: str | None
    next_at: str | None
    created_at: str


class DeliveriesAnswer(Struct, frozen=True):
    """The newest first."""

    deliveries: list[DeliveryDetails]


class Replayed(Struct, frozen=True):
    """The delivery is due again, with its old id and body."""

    id: str
    replayed: bool


class HealthAnswer(Struct, frozen=True):
    status: Literal["ok"]
    version: str


class ReadyAnswer(Struct, frozen=True):
    """`providers` maps each vendor in use to `ok`, or to why it is not asked at the moment."""

    status: Literal["ready", "unavailable"]
    database: Literal["ok", "unavailable"]
    providers: dict[str, str | dict[str, str]]


JsonObject = dict[str, Any]
