"""Other ways of writing what identifies a person, as people and lists do."""

import random
from typing import Any

from headrace.operate.persons import Selectors


def address(rng: random.Random, plain: str) -> str:
    """Case, blanks and a tag; for Gmail, dots and its other name."""
    local, _, host = plain.partition("@")
    if host == "gmail.com":
        local = ".".join(local.replace(".", "")) if rng.random() < 0.5 else local
        host = rng.choice(["gmail.com", "googlemail.com", "GMail.com"])
    tag = rng.choice(["", "", "+list", "+a+b"])
    return rng.choice(["", " "]) + _cased(rng, f"{local}{tag}@{host}") + rng.choice(["", " "])


def phone(rng: random.Random, e164: str) -> str:
    """With blanks, dashes, `00` and `tel:`."""
    digits = e164[1:]
    grouped = f"{digits[:2]} {digits[2:5]}-{digits[5:]}"
    return rng.choice([e164, f"+{grouped}", f"00{digits}", f"tel:{e164}", f"00 {grouped}"])


def profile(rng: random.Random, url: str) -> str:
    """Country hosts, no scheme, queries, another case."""
    slug = url.rstrip("/").rpartition("/")[2]
    host = rng.choice(["www.linkedin.com", "fr.linkedin.com", "linkedin.com", "LINKEDIN.com"])
    scheme = rng.choice(["https://", "http://", ""])
    return f"{scheme}{host}/in/{_cased(rng, slug)}{rng.choice(['', '/', '/?trk=x', '/details/'])}"


def name(rng: random.Random, first: str, last: str) -> str:
    """Case, hyphens for blanks and the reverse."""
    written = f"{first} {last}"
    if rng.random() < 0.3:
        written = f"{first} {last.replace('-', ' ')}"
    return _cased(rng, written)


def domain(rng: random.Random, host: str) -> str:
    """A website or an address at it instead of a bare host."""
    return rng.choice([host, host.upper(), f"https://www.{host}/team", f"www.{host}"])


def selectors(rng: random.Random, person: dict[str, Any]) -> Selectors:
    """One thing that is known of a sandbox person, in some spelling."""
    known = ["linkedin", "name"]
    known += ["work_email"] if person["work_email"] else []
    known += ["personal_email"] if person["personal_email"] else []
    known += ["phone"] if person["phones"] else []
    match rng.choice(known):
        case "linkedin":
            return Selectors(linkedin=profile(rng, person["linkedin_url"]))
        case "name":
            written = name(rng, person["first_name"], person["last_name"])
            return Selectors(name=written, domain=domain(rng, person["domain"]))
        case "phone":
            return Selectors(phone=phone(rng, person["phones"][0]))
        case kind:
            return Selectors(email=address(rng, person[kind]))


def _cased(rng: random.Random, text: str) -> str:
    return rng.choice([text, text.upper(), text.title(), text.lower()])
