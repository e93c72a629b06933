"""What the two pages say, copied from them, and what was decided where they are silent."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from tests.stack import Stack

CONSENT = "You can't use the personal email enrichment feature without consenting with our terms of use"

CURL_BODY = b"""
{
  "firstname": "Mathieu",
  "lastname": "Brun-Picard",
  "domain": "prontohq.com",
  "company_name": "Pronto",
  "linkedin_url": "https://www.linkedin.com/in/mathieu-brun-picard/",
  "enrichment_type": [
    "email",
    "phone",
    "personal_email"
  ],
  "custom": {
    "hubspot_id": "4447901"
  }
}
"""

CUSTOM_FIELDS_BODY = b"""{
  "firstname": "Mathieu",
  "lastname": "Brun-Picard",
  "linkedin_url": "https://www.linkedin.com/in/mathieu-brun-picard/",
  "enrichment_type": ["email"],
  "custom": {
    "crm_id": "12345",
    "campaign": "outbound_q1",
    "segment": "enterprise"
  }
}"""

WHO: dict[str, Any] = {
    "first_name": "Mathieu",
    "last_name": "Brun-Picard",
    "linkedin_profile_url": "https://www.linkedin.com/in/mathieu-brun-picard/",
}

# The documented replies without their enrichment_id, and `custom` where the request had none.
EMAIL_ONLY = {**WHO, "status": "success", "email": "mathieu@prontohq.com", "email_status": "valid"}
PHONE_ONLY = {**WHO, "status": "success", "phones": ["+33612345678"], "phone_status": "valid"}
EMAIL_AND_PHONE = {
    **WHO,
    "status": "success",
    "email": "mathieu@prontohq.com",
    "email_status": "valid",
    "phones": ["+33612345678"],
    "phone_status": "valid",
}
PERSONAL_EMAIL_ONLY = {
    **WHO,
    "status": "success",
    "personal_email": "mathieu.bp@gmail.com",
    "personal_email_status": "valid",
}
NOTHING_FOUND: dict[str, Any] = {
    **WHO,
    "status": "error",
    "message": "No email or phone found for this profile",
    "email": None,
    "email_status": "N/A",
    "phones": [],
    "phone_status": "not_found",
}

FOUND: dict[str, dict[str, Any]] = {
    "email": {"email": "mathieu@prontohq.com", "email_status": "valid"},
    "personal_email": {"personal_email": "mathieu.bp@gmail.com", "personal_email_status": "valid"},
    "phone": {"phones": ["+33612345678"], "phone_status": "valid"},
}
MISSED: dict[str, dict[str, Any]] = {
    "email": {"email": None, "email_status": "N/A"},
    "personal_email": {"personal_email": None, "personal_email_status": "N/A"},
    "phone": {"phones": [], "phone_status": "not_found"},
}
"""The keys of each kind, in the order of the page's list of response fields."""

MESSAGES = {
    ("email",): "No email found for this profile",
    ("phone",): "No phone found for this profile",
    ("personal_email",): "No personal email found for this profile",
    ("email", "phone"): "No email or phone found for this profile",
    ("email", "personal_email"): "No email or personal email found for this profile",
    ("phone", "personal_email"): "No phone or personal email found for this profile",
    ("email", "phone", "personal_email"): "No email, phone or personal email found for this profile",
}
KINDS = tuple(MESSAGES)
PRICES = {"email": 3, "phone": 30, "personal_email": 30}
VENDORS = ("leadmagic", "prospeo", "findymail", "hunter", "pronto", "airscale")

PARTIAL = [
    (asked, missed)
    for asked in KINDS
    if len(asked) > 1
    for count in range(1, len(asked))
    for missed in combinations(asked, count)
]
"""Every way to find some of what was asked for, and not the rest."""


def expected(asked: Sequence[str], missed: Sequence[str] = ()) -> dict[str, Any]:
    """The documented answer without its id, key by key in order."""
    head: dict[str, Any] = {**WHO, "status": "success"}
    if set(asked) == set(missed):
        in_order = tuple(kind for kind in ("email", "phone", "personal_email") if kind in asked)
        head |= {"status": "error", "message": MESSAGES[in_order]}
    for kind, found in FOUND.items():
        if kind in asked:
            head |= MISSED[kind] if kind in missed else found
    return head


async def know_nothing_of(stack: Stack, *kinds: str) -> None:
    """Every vendor misses on these kinds for the next request."""
    for vendor in VENDORS:
        for kind in kinds:
            await stack.fault(vendor, kind, "miss")


def without_id(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    """The answer's keys and values in order, but for its id."""
    return [(key, value) for key, value in answer.items() if key != "enrichment_id"]
