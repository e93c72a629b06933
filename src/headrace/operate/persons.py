"""Who is meant by an e-mail address, a phone number, a profile, or a name at a domain."""

from dataclasses import dataclass

from headrace.domain import identity
from headrace.domain.errors import Problem
from headrace.domain.identity import Identifier
from headrace.engine.subjects import text

_INTERNATIONAL = ("+", "00", "tel:+")


@dataclass(frozen=True, slots=True)
class Selectors:
    """What is known of a person. `name` is the first and the last one; `region` the two-letter country of a
    national phone number."""

    email: str | None = None
    phone: str | None = None
    linkedin: str | None = None
    name: str | None = None
    domain: str | None = None
    region: str | None = None


def identify(given: Selectors) -> tuple[str, ...]:
    """The person's identifiers, at least one. Raises `Problem(bad_request)` for what cannot be understood:
    a person who is written down wrongly would be looked for all the same. Nothing of it is repeated."""
    identifiers = []
    if given.email is not None:
        identifiers.append(_checked(identity.of_address(given.email), "email: is not an address"))
    if given.phone is not None:
        identifiers.append(_checked(_phone(given.phone, given.region), _NO_PHONE))
    if given.linkedin is not None:
        identifiers.append(_checked(identity.of_linkedin(given.linkedin), "linkedin: is not a profile's URL"))
    if given.name is not None or given.domain is not None:
        identifiers.append(_checked(_name(given.name, given.domain), _NO_NAME))
    if not identifiers:
        raise Problem("bad_request", detail="say who: email, phone, linkedin, or name with domain")
    return tuple(identifiers)


def recognize(line: str, region: str | None = None) -> str | None:
    """The identifier in a line of a list: an address, a profile's URL or a phone number; `None` for anything
    else."""
    if "linkedin.com" in line.lower():
        known = identity.of_linkedin(line)
    elif "@" in line:
        known = identity.of_address(line)
    else:
        known = _phone(line, region)
    return text(known) if known else None


_NO_PHONE = "phone: is not a number with its country: write +33 6..., or name the region"
_NO_NAME = "name: needs a first and a last name, and the domain of a company"


def _phone(number: str, region: str | None) -> Identifier | None:
    """Without its country, a number could be a stranger's."""
    if not region and not number.strip().startswith(_INTERNATIONAL):
        return None
    return identity.of_phone(number, region)


def _name(name: str | None, domain: str | None) -> Identifier | None:
    first, _, last = (name or "").strip().partition(" ")
    return identity.of_name(first, last, domain)


def _checked(known: Identifier | None, complaint: str) -> str:
    if known is None:
        raise Problem("bad_request", detail=complaint)
    return text(known)
