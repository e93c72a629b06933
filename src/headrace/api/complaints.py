"""What a 400 can say about a request, as the OpenAPI document lists it."""

from collections.abc import Iterator

from headrace.api.idempotency import LONGEST_KEY
from headrace.api.read import CUSTOM_DEPTH, EXPECTED, FORMS, half_of
from headrace.api.schemas import Person

KEY = f"Idempotency-Key must have at most {LONGEST_KEY} characters"
_BODY = (
    "The request body is not valid UTF-8",
    "The request body is not valid JSON",
    "The request body is nested too deeply",
    "The request body must be a JSON object",
)

_KINDS = EXPECTED["enrichment_type"]
_TOP = ("webhook_url", "phone_country_codes")
"""What is said once for all contacts of a bulk."""

_WEBHOOK = (
    "webhook_url must start with https://",
    "webhook_url must not hold a user name or password",
    "webhook_url must not hold spaces, backslashes or characters that do not print",
    "webhook_url must not hold a zone or an escape in its host",
    "webhook_url must hold a valid host name",
    "webhook_url must write an address as four decimal numbers",
    "webhook_url points to an address that is not public",
    "webhook_url must not use port 22: use 443 or one from 1024 on",
    "webhook_url must not use port 6379, where Redis listens",
)
_CUSTOM = f"custom must not be nested deeper than {CUSTOM_DEPTH} levels"
_INCOMPLETE = (
    "firstname is required",
    "lastname is required",
    "linkedin_url is required when enrichment_type includes phone",
    "linkedin_url is required when enrichment_type includes personal_email",
    "firstname and lastname are required without linkedin_url",
    "domain or company_name is required without linkedin_url",
)
_NO_EMPLOYER = "domain or company_name is required when enrichment_type includes email"


def of_single(*, later: bool = False) -> list[str]:
    """About a search for one person. `later`: it is queued."""
    named = [f"enrichment_type is required: {_KINDS}", f"enrichment_type must be {_KINDS}"]
    mine = [*_INCOMPLETE, *([_NO_EMPLOYER] if later else []), *named, *_of_person(), *_of_top()]
    return [*mine, half_of("firstname"), *_BODY, KEY]


def of_bulk() -> list[str]:
    """About a bulk; what is wrong with a contact is told with its place."""
    named = [f"contacts is required: {EXPECTED['contacts']}", f"contacts must be {EXPECTED['contacts']}"]
    kinds = "enrichment_type must be a list of exactly one of: phone, email, personal_email"
    contact = [*_INCOMPLETE, _NO_EMPLOYER, *_of_person(), "A contact must be a JSON object"]
    placed = [f"contacts[3]: {complaint}" for complaint in contact]
    return [*placed, *named, kinds, *_of_top(), half_of("contacts"), *_BODY, KEY]


def of_address() -> list[str]:
    """About an address to verify."""
    named = [f"email is required: {EXPECTED['email']}", f"email must be {EXPECTED['email']}"]
    return [*named, half_of("email"), *_BODY, KEY]


def _of_person() -> Iterator[str]:
    yield from _of_texts(*Person.__struct_fields__)
    yield _CUSTOM


def _of_top() -> Iterator[str]:
    yield from _of_texts(*_TOP)
    yield from _WEBHOOK


def _of_texts(*names: str) -> Iterator[str]:
    for name in names:
        yield f"{name} must be {EXPECTED[name]}"
        if name in FORMS:
            yield f"{name} must be {FORMS[name]}"
        if EXPECTED[name].startswith("a string"):
            yield f"{name} must not contain control characters"
