"""Reads a request body, and says what is wrong with it in words that name the field."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, Raw

from headrace.api.schemas import BulkRequest, EnrichRequest, Person, VerifyRequest
from headrace.api.services import Services
from headrace.domain import normalize
from headrace.domain.errors import Problem
from headrace.domain.model import Contact, EnrichmentRequest, Field
from headrace.ports import Blocked

T = TypeVar("T")

CUSTOM_DEPTH = 32
"""How deep objects and arrays may be nested in `custom`."""

EXPECTED = {
    "enrichment_type": "a list of 1 to 3 of: phone, email, personal_email",
    "firstname": "a string of at most 200 characters",
    "lastname": "a string of at most 200 characters",
    "company_name": "a string of at most 300 characters",
    "domain": "a string of at most 300 characters",
    "linkedin_url": "a string of at most 1000 characters",
    "webhook_url": "a string of at most 2000 characters",
    "phone_country_codes": 'a list of at most 250 two-letter country codes, such as "FR"',
    "custom": "an object",
    "contacts": "a list of 2 to 100 contacts",
    "email": "a string",
}
_NO_JSON = "The request body is not valid JSON"
FORMS = {
    "domain": "a domain such as acme.com",
    "linkedin_url": "a LinkedIn profile URL such as https://www.linkedin.com/in/name/",
    "webhook_url": "an absolute http or https URL",
}
"""What a text of the right length must be too."""

_FIELD = re.compile(r"`\$\.(\w+)|field `(\w+)`")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BRACKET = re.compile(rb"[\[\]{}]")
_DIGITS = re.compile(rb"(\d{1000})\d+")

_decode = msgspec.json.Decoder(EnrichRequest).decode
_decode_bulk = msgspec.json.Decoder(BulkRequest).decode
_decode_contact = msgspec.json.Decoder(Person).decode
_decode_verify = msgspec.json.Decoder(VerifyRequest).decode
_decode_any = msgspec.json.Decoder(float_hook=len).decode
"""Fails when a text is not JSON. A number that Python cannot hold, such as 1e400, is still JSON."""


def check_webhook(services: Services, wanted: EnrichmentRequest) -> None:
    """Raises `Problem(bad_request)` when the webhook could never be delivered."""
    if wanted.webhook_url:
        try:
            services.check_webhook(wanted.webhook_url)
        except Blocked as blocked:
            raise _wrong(f"webhook_url {blocked.reason}") from None


def enrichment_request(body: bytes) -> EnrichmentRequest:
    """What the body asks for, in one spelling. Raises `Problem(bad_request)`."""
    return _request(_parse(body, _decode))


def bulk_request(body: bytes) -> list[EnrichmentRequest]:
    """What a bulk asks for, contact by contact. Raises `Problem(bad_request)`."""
    bulk = _parse(body, _decode_bulk)
    _webhook_url(bulk.webhook_url)  # what is said once for all of them is complained of without a place
    _countries(bulk.phone_country_codes)
    found = []
    for place, raw in enumerate(bulk.contacts):
        try:
            found.append(_request(_one_of(bulk, _parse(bytes(raw), _decode_contact))))
        except Problem as problem:
            raise _wrong(f"contacts[{place}]: {problem.message}") from None
    return found


def address_to_verify(body: bytes) -> str:
    """The address as it was given, be it one or not. Raises `Problem(bad_request)`."""
    return _parse(body, _decode_verify).email


def _one_of(bulk: BulkRequest, person: Person) -> EnrichRequest:
    said: dict[str, Any] = {name: getattr(person, name) for name in person.__struct_fields__}
    return EnrichRequest(
        **said,
        enrichment_type=bulk.enrichment_type,
        webhook_url=bulk.webhook_url,
        phone_country_codes=bulk.phone_country_codes,
    )


def _request(wire: EnrichRequest) -> EnrichmentRequest:
    contact = Contact(
        first_name=_text("firstname", wire.firstname),
        last_name=_text("lastname", wire.lastname),
        company_name=_text("company_name", wire.company_name),
        domain=_domain(wire.domain),
        linkedin_url=_linkedin_url(wire.linkedin_url),
        phone_countries=_countries(wire.phone_country_codes),
    )
    return EnrichmentRequest(
        contact=contact,
        fields=tuple(dict.fromkeys(Field(kind) for kind in wire.enrichment_type)),
        webhook_url=_webhook_url(wire.webhook_url),
        custom=None if wire.custom is UNSET else _custom(wire.custom),
    )


def _parse(body: bytes, decode: Callable[[bytes], T]) -> T:
    try:
        body.decode()  # the decoder below does not look into values that it skips
    except UnicodeDecodeError:
        raise _wrong("The request body is not valid UTF-8") from None
    try:
        return decode(body)
    except msgspec.ValidationError as error:
        raise _wrong(_complaint(str(error), decode)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        half = _with_half_a_character(body)
        raise _wrong(half_of(half) if half else _NO_JSON) from None
    except RecursionError:
        raise _wrong("The request body is nested too deeply") from None


def half_of(name: str) -> str:
    return f"{name} must not hold half of a surrogate pair"


def _with_half_a_character(body: bytes) -> str | None:
    """The field of an otherwise valid object whose text was cut in the middle of a surrogate pair: what some
    clients make of a name that they shorten."""
    with suppress(ValueError, RecursionError, AttributeError):
        for name, value in json.loads(body).items():
            try:
                json.dumps([name, value], ensure_ascii=False).encode()
            except UnicodeEncodeError:
                return name if name in EXPECTED else "The request body"
    return None


def _complaint(error: str, decode: object) -> str:
    found = _FIELD.search(error)
    name = (found[1] or found[2]) if found else None
    if name not in EXPECTED:
        return f"{'A contact' if decode is _decode_contact else 'The request body'} must be a JSON object"
    if name == "enrichment_type" and decode is _decode_bulk:
        return f"{name} must be a list of exactly one of: phone, email, personal_email"
    missing = "missing required field" in error
    return f"{name} is required: {EXPECTED[name]}" if missing else f"{name} must be {EXPECTED[name]}"


def _text(name: str, value: str | None) -> str | None:
    if value and _CONTROL.search(value):
        raise _wrong(f"{name} must not contain control characters")
    return normalize.text(value)


def _domain(value: str | None) -> str | None:
    given = _text("domain", value)
    return _understood("domain", given, normalize.domain(given) if given else None)


def _linkedin_url(value: str | None) -> str | None:
    given = _text("linkedin_url", value)
    return _understood("linkedin_url", given, normalize.linkedin_url(given) if given else None)


def _webhook_url(value: str | None) -> str | None:
    given = _text("webhook_url", value)
    return _understood("webhook_url", given, given if given and _is_http_url(given) else None)


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and " " not in value
        )
    except ValueError:
        return False


def _understood(name: str, given: str | None, value: str | None) -> str | None:
    if given and not value:
        raise _wrong(f"{name} must be {FORMS[name]}")
    return value


def _countries(codes: list[str] | None) -> tuple[str, ...]:
    given = [code for code in codes or () if code.strip()]
    if not given:
        return ()
    from headrace.domain import phones  # noqa: PLC0415

    known = [phones.country(code) for code in given]
    if None in known:
        raise _wrong(f"phone_country_codes must be {EXPECTED['phone_country_codes']}")
    return tuple(dict.fromkeys(code for code in known if code))


def _custom(raw: Raw) -> bytes | None:
    """The client's own text, once it is known to be an object that is valid throughout and not too deep."""
    text = bytes(raw)
    if text == b"null":
        return None
    try:
        value = _check(text)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        raise _wrong("custom is not valid JSON") from None
    except RecursionError:
        raise _too_deep() from None
    opened = text.count(b"{") + text.count(b"[")  # it is nested no deeper than that
    if opened > CUSTOM_DEPTH and _depth(text) > CUSTOM_DEPTH:
        raise _too_deep()
    if not isinstance(value, dict):
        raise _wrong(f"custom must be {EXPECTED['custom']}")
    return text


def _check(text: bytes) -> object:
    """The value, but for whole numbers of more than 4,300 digits, of which Python makes none: their first
    thousand tell as well whether the text is JSON."""
    try:
        return _decode_any(text)
    except msgspec.ValidationError:
        return _decode_any(_DIGITS.sub(rb"\1", text))


def _depth(text: bytes) -> int:
    """How deep valid JSON is nested; read from the text, because of equal keys a decoder keeps only one."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _too_deep() -> Problem:
    return _wrong(f"custom must not be nested deeper than {CUSTOM_DEPTH} levels")


def _wrong(detail: str) -> Problem:
    return Problem("bad_request", detail=detail)
