"""What the OpenAPI document says about each endpoint: examples, errors, headers."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    Example,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)

from headrace.api.schemas import (
    AccountAnswer,
    BulkAnswer,
    ContactAnswer,
    CreditsAnswer,
    EnrichAnswer,
    HealthAnswer,
    PendingAnswer,
    ProblemBody,
    ProgressAnswer,
    ReadyAnswer,
    StoredAnswer,
    VerifyAnswer,
)
from headrace.domain.errors import KINDS

API_KEY = "ApiKey"
"""The name of the accounts' keys in the document."""

SECURED: list[dict[str, list[str]]] = [{API_KEY: []}]

_MATHIEU = {
    "enrichment_id": "123e4567-e89b-12d3-a456-426614174000",
    "first_name": "Mathieu",
    "last_name": "Brun-Picard",
    "linkedin_profile_url": "https://www.linkedin.com/in/mathieu-brun-picard/",
}
REQUEST_EXAMPLE: dict[str, Any] = {
    "firstname": "Mathieu",
    "lastname": "Brun-Picard",
    "domain": "prontohq.com",
    "company_name": "Pronto",
    "linkedin_url": "https://www.linkedin.com/in/mathieu-brun-picard/",
    "enrichment_type": ["email", "phone", "personal_email"],
    "custom": {"hubspot_id": "4447901"},
}
BULK_EXAMPLE: dict[str, Any] = {
    "contacts": [
        {"firstname": "Mathieu", "lastname": "Brun-Picard", "domain": "prontohq.com"},
        {"firstname": "Jane", "lastname": "Doe", "company_name": "Acme", "custom": {"row": 2}},
    ],
    "enrichment_type": ["email"],
}
_FOUND = {
    **_MATHIEU,
    "status": "success",
    "email": "mathieu@prontohq.com",
    "email_status": "valid",
    "phones": ["+33612345678"],
    "phone_status": "valid",
}
NOT_FOUND: dict[str, Any] = {
    **_MATHIEU,
    "status": "error",
    "message": "No email or phone found for this profile",
    "email": None,
    "email_status": "N/A",
    "phones": [],
    "phone_status": "not_found",
}


def problem(code: str, message: str | None = None) -> ResponseSpec:
    kind = KINDS[code]
    example = {"error": kind.status, "message": message or kind.message, "code": code}
    return ResponseSpec(
        ProblemBody,
        generate_examples=False,
        description=f"{kind.message if '{' not in kind.message else code}".rstrip(".") + f". {kind.advice}",
        examples=[Example(value=example)],
    )


def answer(shape: type, description: str, *examples: Example) -> ResponseSpec:
    return ResponseSpec(shape, generate_examples=False, description=description, examples=list(examples))


UNAUTHORIZED = {401: problem("unauthorized")}

ENRICH: dict[str, Any] = {
    "summary": "Find one person's work e-mail, phone and personal e-mail, now",
    "tags": ["Enrichment"],
    "security": SECURED,
    "raises": [],
    "responses": {
        200: answer(
            EnrichAnswer,
            "The search is over: found, partly found or nothing found.",
            Example(summary="Found", value=_FOUND),
            Example(summary="Nothing found", value=NOT_FOUND),
        ),
        400: problem("bad_request", "linkedin_url is required when enrichment_type includes phone"),
        **UNAUTHORIZED,
        409: problem("idempotency_key_in_use"),
        413: problem("body_too_large", "The request body is larger than 65536 bytes"),
        415: problem("unsupported_media_type"),
        422: problem("insufficient_credits"),
        429: problem("rate_limited", "Rate limit exceeded. Please try again in 1 seconds."),
        503: problem("providers_failed"),
    },
}
_PENDING = {
    "enrichment_id": "123e4567-e89b-12d3-a456-426614174000",
    "first_name": "Mathieu",
    "last_name": "Brun-Picard",
    "status": "pending",
}
_FINISHED = {
    **_MATHIEU,
    "status": "finished",
    "email": "mathieu@prontohq.com",
    "email_status": "deliverable",
    "phone": ["+33612345678"],
    "phones": ["+33612345678"],
}
_REFUSALS = {
    400: problem("bad_request", "domain or company_name is required when enrichment_type includes email"),
    **UNAUTHORIZED,
    409: problem("idempotency_key_in_use"),
    413: problem("body_too_large", "The request body is larger than 65536 bytes"),
    415: problem("unsupported_media_type"),
    422: problem("insufficient_credits"),
    429: problem("rate_limited", "Rate limit exceeded. Please try again in 1 seconds."),
    503: problem("storage_unavailable"),
}

QUEUE: dict[str, Any] = {
    "summary": "Find one person's details later",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        200: answer(PendingAnswer, "It is queued; its price is held.", Example(value=_PENDING)),
        **_REFUSALS,
    },
}
BULK: dict[str, Any] = {
    "summary": "Find the details of 2 to 100 people later: all of them, or none",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        202: answer(
            BulkAnswer,
            "All are queued; what they may cost is held.",
            Example(value={"enrichment_id": "123e4567-e89b-12d3-a456-426614174000", "status": "queued"}),
        ),
        **_REFUSALS,
    },
}
CONTACT: dict[str, Any] = {
    "summary": "What came of an enrichment",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        200: answer(ContactAnswer, "It is pending, or finished.", Example(value=_FINISHED)),
        **UNAUTHORIZED,
        404: problem("not_found", "There is no such enrichment"),
    },
}
PROGRESS: dict[str, Any] = {
    "summary": "How far a bulk has come",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        200: answer(ProgressAnswer, "Contacts in all, and those that are finished."),
        **UNAUTHORIZED,
        404: problem("not_found", "There is no such bulk"),
    },
}
STORED: dict[str, Any] = {
    "summary": "A finished enrichment with its attempts",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        200: answer(StoredAnswer, "The stored record."),
        **UNAUTHORIZED,
        404: problem("not_found", "There is no such enrichment"),
    },
}
VERIFY_EXAMPLE = {"email": "jane.doe@example.com"}
_REFUSED = {
    "email": "jane.doe@example.com",
    "verdict": "invalid",
    "reason": "null_mx",
    "bounce_probability": 0.9992,
    "evidence": [
        {"check": "syntax", "result": "yes", "reason": "well_formed"},
        {"check": "role", "result": "no", "reason": "not_listed"},
        {"check": "disposable", "result": "no", "reason": "not_listed"},
        {"check": "free_mail", "result": "no", "reason": "not_listed"},
        {"check": "domain", "result": "no", "reason": "null_mx"},
    ],
}
VERIFICATION: dict[str, Any] = {
    "summary": "Judge one address without any vendor",
    "tags": ["Verification"],
    "security": SECURED,
    "responses": {
        200: answer(VerifyAnswer, "The verdict, with what it rests on.", Example(value=_REFUSED)),
        400: problem("bad_request", "email is required: a string"),
        **UNAUTHORIZED,
        413: problem("body_too_large", "The request body is larger than 65536 bytes"),
        415: problem("unsupported_media_type"),
        429: problem("rate_limited", "Rate limit exceeded. Please try again in 1 seconds."),
        503: problem("storage_unavailable"),
    },
}
CREDITS: dict[str, Any] = {
    "summary": "What the account can spend",
    "tags": ["Account"],
    "security": SECURED,
    "responses": {
        200: answer(CreditsAnswer, "The balance.", Example(value={"credits": 937, "held": 63})),
        **UNAUTHORIZED,
    },
}
ACCOUNT: dict[str, Any] = {
    "summary": "The account behind the key",
    "tags": ["Account"],
    "security": SECURED,
    "responses": {200: answer(AccountAnswer, "The account and its settings."), **UNAUTHORIZED},
}
HEALTH: dict[str, Any] = {
    "summary": "Is the process alive",
    "tags": ["Operation"],
    "responses": {200: answer(HealthAnswer, "It is.")},
}
READY: dict[str, Any] = {
    "summary": "May it be sent traffic, and which vendors are paused",
    "tags": ["Operation"],
    "responses": {
        200: answer(ReadyAnswer, "It may."),
        503: answer(ReadyAnswer, "The database does not answer."),
    },
}
METRICS: dict[str, Any] = {
    "summary": "Counters in Prometheus' text format",
    "tags": ["Operation"],
    "include_in_schema": False,
}


def _expand() -> list[Parameter | Reference]:
    words = Schema(type=OpenAPIType.STRING, enum=["attempts"])
    text = "`attempts` adds the ordered trace: who was asked, what came back, what it cost."
    return [Parameter(name="expand", param_in="query", required=False, description=text, schema=words)]


def idempotency() -> list[Parameter | Reference]:
    words = Schema(type=OpenAPIType.STRING, max_length=255)
    text = "The same key and body get the same answer for 24 hours, and are carried out once."
    return [
        Parameter(name="Idempotency-Key", param_in="header", required=False, description=text, schema=words)
    ]


def body(shape: str, summary: str, value: dict[str, Any]) -> RequestBody:
    reference = Reference(ref=f"#/components/schemas/{shape}")
    example: dict[str, Example | Reference] = {"documented": Example(summary=summary, value=value)}
    return RequestBody(
        content={"application/json": OpenAPIMediaType(schema=reference, examples=example)}, required=True
    )


@dataclass
class QueueOperation(Operation):
    """The body is read by hand, to keep `custom` untouched; so it is described by hand too."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), *idempotency()]
        self.request_body = body("EnrichRequest", "The documented request", REQUEST_EXAMPLE)


@dataclass
class EnrichOperation(QueueOperation):
    """The same, with the trace for those who want it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.parameters = [*(self.parameters or []), *_expand()]


@dataclass
class VerifyOperation(Operation):
    """The body is read by hand, as all are."""

    def __post_init__(self) -> None:
        self.request_body = body("VerifyRequest", "An address", VERIFY_EXAMPLE)


@dataclass
class BulkOperation(QueueOperation):
    """The same for many contacts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body("BulkRequest", "Two contacts", BULK_EXAMPLE)
