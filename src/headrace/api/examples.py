"""Requests and answers as the OpenAPI document shows them: those of the documented pages, and ours."""

from typing import Any

from litestar.openapi.spec import Example

_ID = "123e4567-e89b-12d3-a456-426614174000"
_PROFILE = "https://www.linkedin.com/in/mathieu-brun-picard/"
_MATHIEU = {
    "enrichment_id": _ID,
    "first_name": "Mathieu",
    "last_name": "Brun-Picard",
    "linkedin_profile_url": _PROFILE,
}
_EMAIL = {"email": "mathieu@prontohq.com", "email_status": "valid"}
_PERSONAL = {"personal_email": "mathieu.bp@gmail.com", "personal_email_status": "valid"}
_PHONE = {"phones": ["+33612345678"], "phone_status": "valid"}
_CUSTOM = {"custom": {"hubspot_id": "4447901"}}
_FOUND = {**_MATHIEU, "status": "success"}
_TRACE: dict[str, Any] = {
    "attempts": [
        {
            "field": "email",
            "provider": "acme",
            "kind": "find",
            "outcome": "found",
            "reason": "valid",
            "verdict": "deliverable",
            "started_ms": 0.4,
            "duration_ms": 231.9,
            "http_status": 200,
            "vendor_cost": 1.0,
            "accepted": True,
            "values": ["mathieu@prontohq.com"],
        }
    ],
    "email_confidence": 0.9524,
}

REQUEST: dict[str, Any] = {
    "firstname": "Mathieu",
    "lastname": "Brun-Picard",
    "domain": "prontohq.com",
    "company_name": "Pronto",
    "linkedin_url": _PROFILE,
    "enrichment_type": ["email", "phone", "personal_email"],
    **_CUSTOM,
}
REQUESTS = [
    Example(id="documented", summary="The documented request", value=REQUEST),
    Example(
        id="custom_fields",
        summary="Custom fields",
        value={
            "firstname": "Mathieu",
            "lastname": "Brun-Picard",
            "linkedin_url": _PROFILE,
            "enrichment_type": ["email"],
            "custom": {"crm_id": "12345", "campaign": "outbound_q1", "segment": "enterprise"},
        },
    ),
]
BULK = Example(
    id="two_contacts",
    summary="Two contacts",
    value={
        "contacts": [
            {"firstname": "Mathieu", "lastname": "Brun-Picard", "domain": "prontohq.com"},
            {"firstname": "Jane", "lastname": "Doe", "company_name": "Acme", "custom": {"row": 2}},
        ],
        "enrichment_type": ["email"],
    },
)
VERIFY = Example(id="address", summary="An address", value={"email": "jane.doe@example.com"})

ENRICHED = [
    Example(id="email_only", summary="Email Only", value={**_FOUND, **_EMAIL}),
    Example(id="phone_only", summary="Phone Only", value={**_FOUND, **_PHONE}),
    Example(id="email_and_phone", summary="Email and Phone", value={**_FOUND, **_EMAIL, **_PHONE}),
    Example(id="personal_email_only", summary="Personal Email Only", value={**_FOUND, **_PERSONAL}),
    Example(id="all", summary="All three kinds", value={**_FOUND, **_EMAIL, **_PERSONAL, **_PHONE}),
    Example(id="custom", summary="With custom fields", value={**_FOUND, **_EMAIL, **_PHONE, **_CUSTOM}),
    Example(
        id="partly_found",
        summary="Partly found",
        value={**_FOUND, **_EMAIL, "phones": [], "phone_status": "not_found"},
    ),
    Example(
        id="nothing_found",
        summary="Nothing found",
        value={
            **_MATHIEU,
            "status": "error",
            "message": "No email or phone found for this profile",
            "email": None,
            "email_status": "N/A",
            "phones": [],
            "phone_status": "not_found",
        },
    ),
    Example(id="trace", summary="With expand=attempts", value={**_FOUND, **_EMAIL, **_TRACE}),
]
STORED = Example(
    id="stored",
    summary="With its attempts and where its values came from",
    value={
        **_FOUND,
        "company_name": "Pronto",
        "domain": "prontohq.com",
        "created_at": "2026-11-22T04:07:52.475Z",
        "finished_at": "2026-11-22T04:07:52.713Z",
        "credits_charged": 3,
        **_EMAIL,
        **_TRACE,
        "provenance": {
            "email": {
                "values": ["mathieu@prontohq.com"],
                "verdict": "deliverable",
                "reason": "valid",
                "provider": "acme",
                "found_at": "2026-11-22T04:07:52.713Z",
            }
        },
    },
)

_QUEUED = {"enrichment_id": _ID, "first_name": "Mathieu", "last_name": "Brun-Picard", "status": "pending"}
PENDING = Example(id="pending", summary="Queued", value=_QUEUED)
QUEUED = Example(id="queued", summary="Queued", value={"enrichment_id": _ID, "status": "queued"})
CONTACTS = [
    Example(id="pending", summary="Not yet", value={**_MATHIEU, "status": "pending"}),
    Example(
        id="finished",
        summary="Finished",
        value={
            **_MATHIEU,
            "status": "finished",
            "email": "mathieu@prontohq.com",
            "email_status": "deliverable",
            "phone": ["+33612345678"],
            "phones": ["+33612345678"],
        },
    ),
]
PROGRESS = Example(
    id="processing",
    summary="Under way",
    value={"enrichment_id": _ID, "status": "processing", "total": 100, "finished": 42},
)
VERIFIED = Example(
    id="no_mail",
    summary="A domain that takes no mail",
    value={
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
    },
)
CREDITS = Example(id="balance", summary="The balance", value={"credits": 937, "held": 63})
ACCOUNT = Example(
    id="account",
    summary="An account",
    value={
        "id": "01a20170-7566-7d6c-962b-acb8b86fa1c2",
        "name": "acme",
        "email": None,
        "organization": {"id": "01a20170-7566-7d6c-962b-acb8b86fa1c2", "name": "acme"},
        "consents_personal_email": True,
        "phone_country_codes": ["FR", "US"],
        "validation": "strict",
        "email_status_vocabulary": "schema",
        "accept_risky": False,
    },
)
HEALTHY = Example(id="alive", summary="It answers", value={"status": "ok", "version": "1.0.0"})
READY = Example(
    id="ready",
    summary="One vendor is paused",
    value={
        "status": "ready",
        "database": "ok",
        "providers": {"acme": "ok", "umbrella": {"*": "bad_key", "email": "bad_key"}},
    },
)
UNREADY = Example(
    id="unavailable",
    summary="The database is away",
    value={"status": "unavailable", "database": "unavailable", "providers": {"acme": "ok"}},
)
