"""Names, domains, LinkedIn URLs and addresses, each in one spelling."""

import re
from urllib.parse import SplitResult, unquote, urlsplit

_HOST = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# The old /pub/<name>/1/2/3 names a person by its last parts too, so its first alone could be somebody else.
_SLUG = re.compile(r"(?:in|sales/lead|sales/people|pub(?=/[^/]+/?\Z))/([^/?#,]+)", re.IGNORECASE)
_IN_ORDER = re.compile(r"https://www\.linkedin\.com/in/[A-Za-z0-9-]+/")
_PLAIN_SLUG = re.compile(r"(?!\.+\Z)[^\s/?#%,\\<>\"\x00-\x20\x7f\ud800-\udfff]+")
# What nearly every address looks like; the library takes fifty times as long to say so.
_PLAIN_ADDRESS = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)


def text(value: str | None) -> str | None:
    """One line without surrounding or doubled white space; `None` when nothing is left."""
    return " ".join(value.split()) or None if value is not None else None


def domain(value: str) -> str | None:
    """A bare lower-case ASCII host from a domain, a URL or an address; `None` when there is none."""
    host = value.strip().lower()
    if _HOST.fullmatch(host):
        if not host.startswith("www."):
            return host
    else:
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
    if _IN_ORDER.fullmatch(value):
        return value
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
        # Imported here: few addresses need it, and every start would wait for it.
        from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

        try:
            checked = validate_email(plain, check_deliverability=False, globally_deliverable=False)
        except (EmailNotValidError, ValueError):
            return None
        plain = checked.normalized.lower()
        # Stars stand where a vendor hides letters.
        if "*" in plain or not _HOST.fullmatch(checked.ascii_domain.lower()):
            return None
    return plain if len(plain) <= 254 and plain.rindex("@") <= 64 else None
