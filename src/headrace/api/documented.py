"""What the OpenAPI document says about each endpoint: examples, errors, headers."""

from dataclasses import dataclass
from typing import Any

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

from headrace.api import complaints, examples
from headrace.api.body import LONG_BODY_LIMIT
from headrace.api.headers import RATE_LIMIT, REPLAYED, SPENDING
from headrace.api.refusals import (
    ANYWHERE,
    GATES,
    KEYED,
    ONCE,
    PROVIDERS_FAILED,
    RATE_LIMITED,
    answer,
    bad_requests,
    no_json,
    not_found,
    refusals,
)
from headrace.api.schemas import (
    AccountAnswer,
    BulkAnswer,
    ContactAnswer,
    CreditsAnswer,
    EnrichAnswer,
    HealthAnswer,
    PendingAnswer,
    ProgressAnswer,
    ReadyAnswer,
    StoredAnswer,
    VerifyAnswer,
)

API_KEY = "ApiKey"
"""The name of the accounts' keys in the document."""

SECURED: list[dict[str, list[str]]] = [{API_KEY: []}]

_SEARCH = (*KEYED, RATE_LIMITED, *ONCE, *GATES)

ENRICH: dict[str, Any] = {
    "summary": "Find one person's work e-mail, phone and personal e-mail, now",
    "tags": ["Enrichment"],
    "security": SECURED,
    "raises": [],
    "responses": {
        200: answer(
            EnrichAnswer,
            "The search is over: found, partly found or nothing found.",
            *examples.ENRICHED,
            headers=(*SPENDING, *RATE_LIMIT, REPLAYED),
        ),
        **refusals(*bad_requests(complaints.of_single()), *no_json(), *_SEARCH, PROVIDERS_FAILED),
    },
}
QUEUE: dict[str, Any] = {
    "summary": "Find one person's details later",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        200: answer(PendingAnswer, "It is queued; its price is held.", examples.PENDING, headers=(REPLAYED,)),
        **refusals(*bad_requests(complaints.of_single(later=True)), *no_json(), *_SEARCH),
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
            examples.QUEUED,
            headers=(REPLAYED,),
        ),
        **refusals(*bad_requests(complaints.of_bulk()), *no_json(LONG_BODY_LIMIT), *_SEARCH),
    },
}
CONTACT: dict[str, Any] = {
    "summary": "What came of an enrichment",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        200: answer(ContactAnswer, "It is pending, or finished.", *examples.CONTACTS),
        **refusals(not_found("There is no such enrichment"), *KEYED),
    },
}
PROGRESS: dict[str, Any] = {
    "summary": "How far a bulk has come",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        200: answer(ProgressAnswer, "Contacts in all, and those that are finished.", examples.PROGRESS),
        **refusals(not_found("There is no such bulk"), *KEYED),
    },
}
STORED: dict[str, Any] = {
    "summary": "A finished enrichment with its attempts",
    "tags": ["Enrichment"],
    "security": SECURED,
    "responses": {
        200: answer(StoredAnswer, "The stored record.", examples.STORED),
        **refusals(not_found("There is no such enrichment"), *KEYED),
    },
}
VERIFICATION: dict[str, Any] = {
    "summary": "Judge one address without any vendor",
    "tags": ["Verification"],
    "security": SECURED,
    "responses": {
        200: answer(
            VerifyAnswer,
            "The verdict, with what it rests on.",
            examples.VERIFIED,
            headers=(*RATE_LIMIT, REPLAYED),
        ),
        **refusals(*bad_requests(complaints.of_address()), *no_json(), *KEYED, RATE_LIMITED, *ONCE),
    },
}
CREDITS: dict[str, Any] = {
    "summary": "What the account can spend",
    "tags": ["Account"],
    "security": SECURED,
    "responses": {200: answer(CreditsAnswer, "The balance.", examples.CREDITS), **refusals(*KEYED)},
}
ACCOUNT: dict[str, Any] = {
    "summary": "The account behind the key",
    "tags": ["Account"],
    "security": SECURED,
    "responses": {
        200: answer(AccountAnswer, "The account and its settings.", examples.ACCOUNT),
        **refusals(*KEYED),
    },
}
HEALTH: dict[str, Any] = {
    "summary": "Is the process alive",
    "tags": ["Operation"],
    "responses": {200: answer(HealthAnswer, "It is.", examples.HEALTHY), **refusals(*ANYWHERE)},
}
READY: dict[str, Any] = {
    "summary": "May it be sent traffic, and which vendors are paused",
    "tags": ["Operation"],
    "responses": {
        200: answer(ReadyAnswer, "It may.", examples.READY),
        503: answer(ReadyAnswer, "The database does not answer.", examples.UNREADY),
        **refusals(*ANYWHERE),
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


def body(shape: str, *shown: Example) -> RequestBody:
    reference = Reference(ref=f"#/components/schemas/{shape}")
    named: dict[str, Example | Reference] = {example.id or "example": example for example in shown}
    return RequestBody(
        content={"application/json": OpenAPIMediaType(schema=reference, examples=named)}, required=True
    )


@dataclass
class QueueOperation(Operation):
    """The body is read by hand, to keep `custom` untouched; so it is described by hand too."""

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), *idempotency()]
        self.request_body = body("EnrichRequest", *examples.REQUESTS)


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
        self.parameters = [*(self.parameters or []), *idempotency()]
        self.request_body = body("VerifyRequest", examples.VERIFY)


@dataclass
class BulkOperation(QueueOperation):
    """The same for many contacts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = body("BulkRequest", examples.BULK)
