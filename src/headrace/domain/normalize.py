"""Names, domains, LinkedIn URLs, addresses and phone numbers, each in one spelling."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, unquote, urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email

_HOST = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# The old /pub/<name>/1/2/3 names a person by its last parts too, so its first alone could be somebody else.
_SLUG = re.compile(r"(?:in|sales/lead|sales/people|pub(?=/[^/]+/?\Z))/([^/?#,]+)", re.IGNORECASE)
_PLAIN_SLUG = re.compile(r"(?!\.+\Z)[^\s/?#%,\\<>\"\x00-\x20\x7f\ud800-\udfff]+")
# What nearly every address looks like; the library takes fifty times as long to say so.
_PLAIN_ADDRESS = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
_WITHOUT_NUMBERS = frozenset({"AQ", "BV", "GS", "HM", "PN", "TF", "UM"})
"""Countries of the standard that dial with another's numbers, or not at all."""

_COUNTRY = re.compile(r"[A-Za-z]{2}")


def text(value: str | None) -> str | None:
    """One line without surrounding or doubled white space; `None` when nothing is left."""
    return " ".join(value.split()) or None if value is not None else None


def domain(value: str) -> str | None:
    """A bare lower-case ASCII host from a domain, a URL or an address; `None` when there is none."""
    host = value.strip().lower()
    if not _HOST.fullmatch(host):
        parts = _split(host)
        host = (parts.hostname or "") if parts else ""
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return None
    host = host.rstrip(".")
    while host.startswith("www.") and _HOST.fullmatch(host[4:]):
        host = host[4:]
    return host if _HOST.fullmatch(host) else None


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url if _SCHEME.match(url) else f"https://{url.removeprefix('//')}")
    except ValueError:
        return None


def linkedin_url(value: str) -> str | None:
    """`https://www.linkedin.com/in/<slug>/` from any spelling of a profile; `None` for anything else.

    Country hosts, missing schemes, queries, member-id slugs and Sales Navigator links are accepted. The
    slug keeps its case: member ids (`ACwAA...`) are case-sensitive.
    """
    parts = _split(value.strip())
    if parts is None or parts.scheme not in ("http", "https"):
        return None
    host = parts.hostname or ""
    if host != "linkedin.com" and not host.endswith(".linkedin.com"):
        return None
    profile = _SLUG.match(parts.path.lstrip("/"))
    try:
        slug = unquote(profile[1], errors="strict") if profile else ""
    except UnicodeDecodeError:
        return None
    return f"https://www.linkedin.com/in/{slug}/" if _PLAIN_SLUG.fullmatch(slug) else None


def address(value: str) -> str | None:
    """An e-mail address in lower case, or `None` when it is not one."""
    plain = value.strip().lower()
    if not _PLAIN_ADDRESS.fullmatch(plain):
        try:
            checked = validate_email(plain, check_deliverability=False, globally_deliverable=False)
        except (EmailNotValidError, ValueError):
            return None
        plain = checked.normalized.lower()
        # Stars stand where a vendor hides letters.
        if "*" in plain or not _HOST.fullmatch(checked.ascii_domain.lower()):
            return None
    return plain if len(plain) <= 254 and plain.rindex("@") <= 64 else None


def country(value: str) -> str | None:
    """An ISO 3166-1 alpha-2 code in upper case, or `None` when there is no such country."""
    code = value.strip()
    if not _COUNTRY.fullmatch(code):
        return None
    code = code.upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS or code in _WITHOUT_NUMBERS else None


def phone(value: str, region: str | None = None) -> str | None:
    """A phone number as E.164, or `None` when it is impossible.

    `region` is the country assumed for a national spelling. International ones may begin with `+`,
    `00`, `tel:` or, where that is unambiguous, with the bare country code.
    """
    digits = value.strip().removeprefix("tel:")
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    number = _possible(digits, region) or (
        _possible(f"+{digits}", None, strict=True) if digits[:1] != "+" else None
    )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else None


def _possible(value: str, region: str | None, strict: bool = False) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    return number if (phonenumbers.is_valid_number if strict else _complete)(number) else None


def _complete(number: phonenumbers.PhoneNumber) -> bool:
    """Possible, and not only when dialled without its area code."""
    complete: int = phonenumbers.ValidationResult.IS_POSSIBLE
    return phonenumbers.is_possible_number_with_reason(number) == complete


def phones(values: Iterable[str], countries: tuple[str, ...] = ()) -> tuple[tuple[str, ...], bool]:
    """The usable numbers among `values`, in order and once each.

    `countries` restricts them (empty: anywhere). The flag says whether a possible number was left out
    only for its country.
    """
    region = countries[0] if len(countries) == 1 else None
    kept: dict[str, None] = {}
    foreign = False
    for value in values:
        number = phone(value, region)
        if number and countries and not _dials_into(number, countries):
            foreign = True
        elif number:
            kept[number] = None
    return tuple(kept), foreign


def _dials_into(e164: str, countries: tuple[str, ...]) -> bool:
    number = phonenumbers.parse(e164, None)
    home = phonenumbers.region_code_for_number(number)
    if home:
        return home in countries
    # A possible number in no allocated range: its country is sure only where the code is not shared.
    shared = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    return len(shared) == 1 and shared[0] in countries
