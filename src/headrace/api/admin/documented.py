"""What the OpenAPI document says about an operator's endpoints."""

from dataclasses import dataclass, replace
from typing import Any

from litestar.openapi.spec import Example, OpenAPIType, Operation, Parameter, Schema
from msgspec import Struct

from headrace.api.admin import schemas
from headrace.api.body import LONG_BODY_LIMIT
from headrace.api.complaints import KEY
from headrace.api.documented import body, idempotency
from headrace.api.headers import NOT_KEPT, REPLAYED
from headrace.api.refusals import (
    KEYED,
    ONCE,
    Answers,
    answer,
    bad_requests,
    no_json,
    not_found,
    refusals,
)
from headrace.api.schemas import DeliveriesAnswer, Replayed
from headrace.api.webhooks import DELIVERY_EXAMPLE
from headrace.domain.errors import Problem

ADMIN_KEY = "AdminKey"
"""The name of the operators' keys in the document."""

REQUESTS = [
    schemas.NewAccountRequest,
    schemas.SettingsChange,
    schemas.CreditsChange,
    schemas.ConsentChange,
    schemas.PersonSelectors,
    schemas.OutcomesReport,
    schemas.ReportedOutcome,
    schemas.Nothing,
]
"""The shapes of the bodies, which are read by hand."""

_ID = "01a20170-7566-7d6c-962b-acb8b86fa1c2"
_ACCOUNT = {
    "account_id": _ID,
    "name": "acme",
    "available": 500,
    "held": 0,
    "consents_personal_email": True,
    "phone_countries": ["FR", "US"],
    "validation": "strict",
    "email_status_vocabulary": "schema",
    "accept_risky": False,
    "max_age": 2592000,
    "miss_max_age": 86400,
    "deliverable": 0.9,
    "catch_all": 0.8,
    "invalid": 0.2,
}
_KEY = "hr_8969fwj27iih_8Ptf4x-Vvc5ML0IHEALftzUcV2qmp9MGxTBqU1r3gak"
_SECRET = {"secret": "whsec_VGhpcyBpcyBhbiBleGFtcGxlLCBub3QgYSBzZWNyZXQh", "previous": []}
_CONSENT = {
    "document": "personal_email",
    "action": "grant",
    "version": "1",
    "actor": "admin:k7w2mq9d4xzp",
    "at": "2026-11-22T04:07:57+00:00",
}
_LINE = {
    "id": 12,
    "at": "2026-11-22T04:07:57+00:00",
    "actor": "admin:k7w2mq9d4xzp",
    "action": "credits.grant",
    "subject": _ID,
}

_NO_ACCOUNT = not_found("There is no such account")
_BAD_QUERY = Problem("bad_request", detail="limit must be a whole number from 1 to 200")
_BAD_BODY = Problem("bad_request", detail="amount is required: a number with at most three decimals")
_BODY = (_BAD_BODY, *no_json())
_CHANGE = (*bad_requests([KEY]), *ONCE)
_ONCE = (*_BODY, *_CHANGE)


def _endpoint(
    summary: str, shape: type[Struct], example: Any, *problems: Problem, status: int = 200
) -> dict[str, Any]:
    headers = (NOT_KEPT, REPLAYED) if ONCE[0] in problems else (NOT_KEPT,)
    responses: Answers = {status: answer(shape, summary, Example(value=example), headers=headers)}
    for code, refusal in refusals(*problems, *KEYED).items():
        responses[code] = replace(refusal, headers=(NOT_KEPT, *refusal.headers))
    return {"summary": summary, "tags": ["Admin"], "security": [{ADMIN_KEY: []}], "responses": responses}


ACCOUNTS = _endpoint(
    "Accounts, oldest first", schemas.AccountsPage, {"accounts": [_ACCOUNT], "next": None}, _BAD_QUERY
)
NEW_ACCOUNT = _endpoint(
    "Make an account and its first key, which is not shown again",
    schemas.AccountMade,
    {"account_id": _ID, "name": "acme", "api_key": _KEY},
    *_ONCE,
    Problem("name_taken"),
    status=201,
)
ONE_ACCOUNT = _endpoint("One account", schemas.AccountDetails, _ACCOUNT, _NO_ACCOUNT)
SETTINGS = _endpoint("Change an account's settings", schemas.AccountDetails, _ACCOUNT, *_BODY, _NO_ACCOUNT)
KEYS = _endpoint(
    "An account's keys, never their text",
    schemas.KeysAnswer,
    {"keys": [{"key_id": "8969fwj27iih", "created_at": "2026-11-22T04:07:57+00:00", "revoked_at": None}]},
    _NO_ACCOUNT,
)
NEW_KEY = _endpoint(
    "Make another key, which is not shown again",
    schemas.KeyMade,
    {"key_id": "8969fwj27iih", "api_key": _KEY},
    *_ONCE,
    _NO_ACCOUNT,
    status=201,
)
REVOKE_KEY = _endpoint(
    "Revoke a key, of an account or of an operator",
    schemas.KeyRevoked,
    {"key_id": "8969fwj27iih", "revoked": True},
    not_found("There is no such live key"),
)
STANDING = _endpoint(
    "What an account can spend",
    schemas.CreditsStanding,
    {"account_id": _ID, "name": "acme", "available": 500, "held": 0},
    _NO_ACCOUNT,
)
ADD_CREDITS = _endpoint(
    "Add credits, or take some back",
    schemas.CreditsChanged,
    {"account_id": _ID, "name": "acme", "added": 100, "available": 600},
    *_ONCE,
    Problem("insufficient_credits"),
    _NO_ACCOUNT,
)
CONSENTS = _endpoint(
    "All that an account consented to",
    schemas.ConsentsAnswer,
    {"consents_personal_email": True, "consents": [_CONSENT]},
    _NO_ACCOUNT,
)
NEW_CONSENT = _endpoint(
    "Write down a consent to personal addresses, or its withdrawal",
    schemas.ConsentsAnswer,
    {"consents_personal_email": True, "consents": [_CONSENT]},
    *_ONCE,
    _NO_ACCOUNT,
    status=201,
)
DELIVERIES = _endpoint(
    "An account's webhooks, the newest first",
    DeliveriesAnswer,
    {"deliveries": [DELIVERY_EXAMPLE]},
    _BAD_QUERY,
    _NO_ACCOUNT,
)
REPLAY = _endpoint(
    "Have a webhook delivered again",
    Replayed,
    {"id": DELIVERY_EXAMPLE["id"], "replayed": True},
    *_ONCE,
    not_found("There is no such delivery"),
)
SECRET = _endpoint("What an account's webhooks are signed with", schemas.SecretAnswer, _SECRET, _NO_ACCOUNT)
ROTATE = _endpoint(
    "Make a new signing secret; the old one stays valid for 24 hours",
    schemas.SecretAnswer,
    _SECRET,
    *_ONCE,
    _NO_ACCOUNT,
)
SUPPRESSIONS = _endpoint(
    "Who is left alone: keyed hashes and their kinds",
    schemas.SuppressionsPage,
    {
        "suppressions": [
            {
                "digest": "5f2b8c3d9e014a7716bb20d4c1a98e35",
                "kind": "email",
                "source": "admin",
                "created_at": "2026-11-22T04:07:57+00:00",
            }
        ],
        "next": None,
    },
    _BAD_QUERY,
)
SUPPRESS = _endpoint(
    "Leave a person alone from now on",
    schemas.Suppressed,
    {"identifiers": 2, "added": 2},
    *_ONCE,
    status=201,
)
UNSUPPRESS = _endpoint(
    "Let a person be looked for again", schemas.Unsuppressed, {"identifiers": 2, "removed": 2}, *_BODY
)
OUTCOMES = _endpoint(
    "Tell what bounced and what arrived",
    schemas.OutcomesCounted,
    {"counted": 2, "unknown": 1, "repeated": 0},
    _BAD_BODY,
    *no_json(LONG_BODY_LIMIT),
    *_CHANGE,
)
VERIFY = _endpoint(
    "Recompute every balance from its entries",
    schemas.BooksAnswer,
    {
        "balanced": True,
        "accounts": 2,
        "entries": 4,
        "sum": 0,
        "available": 581.5,
        "held": 0,
        "complaints": [],
    },
)
AUDIT = _endpoint(
    "What operators did, the newest first",
    schemas.AuditPage,
    {"entries": [_LINE], "next": None},
    _BAD_QUERY,
)


def _query(name: str, words: str, schema: Schema) -> Parameter:
    return Parameter(name=name, param_in="query", required=False, description=words, schema=schema)


def _limit(default: int, most: int) -> Parameter:
    schema = Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=most, default=default)
    return _query("limit", "How many at most.", schema)


def _text(name: str, words: str) -> Parameter:
    return _query(name, words, Schema(type=OpenAPIType.STRING, max_length=200))


def _asked(*query: Parameter) -> type[Operation]:
    """A request whose query is read by hand."""

    @dataclass
    class Asked(Operation):
        def __post_init__(self) -> None:
            self.parameters = [*(self.parameters or []), *query]

    return Asked


def _change(shape: str, example: dict[str, Any], *, once: bool = True) -> type[Operation]:
    """A change whose body is read by hand; `once`: it takes an `Idempotency-Key`."""

    @dataclass
    class Changes(Operation):
        def __post_init__(self) -> None:
            self.parameters = [*(self.parameters or []), *(idempotency() if once else [])]
            self.request_body = body(shape, Example(id="documented", summary="An example", value=example))
            self.request_body.required = shape != "Nothing"

    return Changes


AccountsOperation = _asked(_limit(50, 200), _text("after", "The `next` of the page before."))
LimitOperation = _asked(_limit(100, 1_000))
_BEFORE = Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=2**31 - 1)
AuditOperation = _asked(
    _limit(100, 1_000),
    _query("before", "The `next` of the page before.", _BEFORE),
    _text("subject", "Only what was done to this."),
)
ChangeOperation = _change("Nothing", {})
NewAccountOperation = _change(
    "NewAccountRequest", {"name": "acme", "credits": 500, "consent": True, "phone_countries": ["FR", "US"]}
)
SettingsOperation = _change("SettingsChange", {"validation": "lenient", "max_age": 2592000}, once=False)
CreditsOperation = _change("CreditsChange", {"amount": 100})
ConsentOperation = _change("ConsentChange", {"action": "grant", "version": "1"})
_PERSON = {"email": "jane@acme.example", "name": "Jane Doe", "domain": "acme.example"}
SuppressionsOperation = _asked(_limit(100, 1_000), _text("after", "The `next` of the page before."))
SuppressOperation = _change("PersonSelectors", _PERSON)
UnsuppressOperation = _change("PersonSelectors", _PERSON, once=False)
OutcomesOperation = _change(
    "OutcomesReport", {"outcomes": [{"email": "jane@acme.example", "outcome": "bounced"}]}
)
