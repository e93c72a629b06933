"""The shapes of requests and answers, as they stand on the wire."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from headrace.engine.record import AttemptRecord

Kind = Literal["phone", "email", "personal_email"]


class EnrichRequest(Struct):
    """Whom to look for, and for what. Empty strings count as absent; unknown fields are ignored."""

    enrichment_type: Annotated[list[Kind], Meta(min_length=1, max_length=3, description="What to look for.")]
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
    custom: Annotated[Raw, Meta(description="Any object; comes back unchanged.")] | UnsetType = UNSET


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
    personal_email_status: Literal["valid", "invalid", "N/A"] | UnsetType = UNSET
    phones: tuple[str, ...] | UnsetType = UNSET
    phone_status: Literal["valid", "not_found"] | UnsetType = UNSET
    custom: Raw | UnsetType = UNSET
    attempts: list[AttemptRecord] | UnsetType = UNSET


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
    email_status: str | UnsetType = UNSET
    personal_email: str | None | UnsetType = UNSET
    personal_email_status: str | UnsetType = UNSET
    phones: tuple[str, ...] | UnsetType = UNSET
    phone_status: str | UnsetType = UNSET
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


class HealthAnswer(Struct, frozen=True):
    status: Literal["ok"]
    version: str


class ReadyAnswer(Struct, frozen=True):
    """`providers` maps each vendor in use to `ok`, or to why it is not asked at the moment."""

    status: Literal["ready", "unavailable"]
    database: Literal["ok", "unavailable"]
    providers: dict[str, str | dict[str, str]]


JsonObject = dict[str, Any]
