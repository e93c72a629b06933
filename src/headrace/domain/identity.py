"""By what a person is recognised, whatever the spelling: for suppression, erasure and finding records.

Each identifier has one canonical value, so equal people compare equal. Where two spellings may or may not
be one person, they count as one: leaving alone somebody who never objected costs a result, asking about
somebody who did breaks the law. The values are for comparing, not for writing to.
"""

import unicodedata

from msgspec import Struct

from headrace.domain import normalize
from headrace.domain.model import Contact

_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_SPELT_WITHOUT = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters of their own to Unicode, so no accent comes off; people write them plainly all the same."""


class Identifier(Struct, frozen=True):
    """`kind` is email, phone, linkedin or name_domain; `value` the one canonical spelling, valid Unicode."""

    kind: str
    value: str


def of_contact(contact: Contact) -> tuple[Identifier, ...]:
    """What a request says about who is looked for: the profile, and the name at its domain."""
    profile = of_linkedin(contact.linkedin_url) if contact.linkedin_url else None
    name = of_name(contact.first_name, contact.last_name, contact.domain)
    return tuple(known for known in (profile, name) if known)


def of_address(text: str) -> Identifier | None:
    """An e-mail address without its `+tag`; Gmail's also without dots, which it ignores.

    Whether other hosts deliver `jane+tag@` to `jane@` is for them to know; most do.
    """
    address = normalize.address(text)
    if address is None:
        return None
    local, _, host = address.rpartition("@")
    local, host = _folded(local), _host(host)
    local = local.partition("+")[0] or local
    if host in _GMAIL:
        local, host = local.replace(".", ""), "gmail.com"
    return Identifier("email", f"{local}@{host}")


def of_phone(text: str, region: str | None = None) -> Identifier | None:
    """A number as E.164. `region` is the country assumed for a national spelling."""
    # Imported here: its tables take long to load, and every start would wait for them.
    from headrace.domain import phones  # noqa: PLC0415

    number = phones.e164(text, region.upper() if region else None)
    return Identifier("phone", number) if number else None


def of_linkedin(url: str) -> Identifier | None:
    """The public id of a profile, or the member id where the link has that: one does not tell the other."""
    profile = normalize.linkedin_url(url)
    return Identifier("linkedin", _folded(profile.rstrip("/").rpartition("/")[2])) if profile else None


def of_name(first: str | None, last: str | None, domain: str | None) -> Identifier | None:
    """A full name at a company's domain; `None` unless all three are known.

    The names are run together, since nobody agrees on where the first one ends: Jean | Pierre Dupont.
    """
    if not (first and last and domain):
        return None
    name, host = full_name(first, last), normalize.domain(domain)
    return Identifier("name_domain", f"{name} {_host(host)}") if name and host else None


def full_name(first: str | None, last: str | None) -> str | None:
    """A first and a last name in one spelling, to compare."""
    given, family = _letters(first or ""), _letters(last or "")
    return f"{given}{family}" if given and family else None


def _folded(text: str) -> str:
    """Without case, and without the other ways of writing the same characters."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _letters(name: str) -> str:
    """The letters and digits of a name without accents; vowel signs stay, they tell names apart."""
    if name.isascii():
        return "".join(filter(str.isalnum, name.lower()))
    spread = unicodedata.normalize("NFKD", _folded(name)).translate(_SPELT_WITHOUT)
    return "".join(char for char in spread if char.isalnum() or _is_vowel_sign(char))


def _is_vowel_sign(char: str) -> bool:
    accent = "\u0300" <= char <= "\u036f"
    emoji_style = "\ufe00" <= char <= "\ufe0f"
    return unicodedata.category(char) in ("Mc", "Mn") and not accent and not emoji_style


def _host(host: str) -> str:
    """A host in ASCII. Both forms of an international name fold alike: straße, strasse, xn--strae-oqa."""
    if host.isascii() and "xn--" not in host:
        return host
    return ".".join(map(_label, host.split(".")))


def _label(label: str) -> str:
    if label.startswith("xn--"):
        try:
            label = label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            return label
    # As names were resolved for twenty years (RFC 3454): folded, and without invisible joiners.
    plain = "".join(char for char in _folded(label) if unicodedata.category(char) != "Cf")
    return plain if plain.isascii() else f"xn--{plain.encode('punycode').decode('ascii')}"
