"""Phone numbers in one spelling, and the countries that they belong to.

Its tables take long to load, so this module is imported where the first number turns up, not at the start.
"""

import re
from collections.abc import Iterable

import phonenumbers

_WITHOUT_NUMBERS = frozenset({"AQ", "BV", "GS", "HM", "PN", "TF", "UM"})
"""Countries of the standard that dial with another's numbers, or not at all."""

_COUNTRY = re.compile(r"[A-Za-z]{2}")


def country(value: str) -> str | None:
    """An ISO 3166-1 alpha-2 code in upper case, or `None` when there is no such country."""
    code = value.strip()
    if not _COUNTRY.fullmatch(code):
        return None
    code = code.upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS or code in _WITHOUT_NUMBERS else None


def e164(value: str, region: str | None = None) -> str | None:
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


def usable(values: Iterable[str], countries: tuple[str, ...] = ()) -> tuple[tuple[str, ...], bool]:
    """The usable numbers among `values`, in order and once each.

    `countries` restricts them (empty: anywhere). The flag says whether a possible number was left out
    only for its country.
    """
    region = countries[0] if len(countries) == 1 else None
    kept: dict[str, None] = {}
    foreign = False
    for value in values:
        number = e164(value, region)
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
