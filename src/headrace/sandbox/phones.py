"""Telephone numbers that count as valid, from ranges kept for fiction where a country has such ranges."""

from dataclasses import dataclass
from random import Random

EU = frozenset({"FR", "DE", "ES", "BE", "NL"})
COUNTRY_NAMES = {
    "FR": "France",
    "US": "United States",
    "GB": "United Kingdom",
    "DE": "Germany",
    "ES": "Spain",
    "BE": "Belgium",
    "NL": "Netherlands",
}
_CALLING_CODES = {"FR": "33", "US": "1", "GB": "44", "DE": "49", "ES": "34", "BE": "32", "NL": "31"}

# Each # is a random digit. FR, US, GB and DE keep these ranges for films and books; ES, BE and NL keep none.
_RANGES = {
    "FR": ("+3319900####", "+3326191####", "+3335301####", "+3346571####", "+3353649####"),
    "US": tuple(
        f"+1{area}55501##"
        for area in (202, 206, 212, 213, 303, 305, 312, 404, 415, 503, 512, 617, 619, 702, 713, 718, 773, 917)
    ),
    "GB": ("+442079460###", "+441134960###", "+441214960###", "+441614960###", "+441174960###"),
    "DE": ("+493023125###", "+494066969###", "+496990009###", "+498999998###", "+492214710###"),
    "ES": ("+346########",),
    "BE": ("+32470######", "+32478######"),
    "NL": ("+3161#######", "+3162#######"),
}


@dataclass(frozen=True, slots=True)
class Phone:
    """A number and the country it belongs to."""

    e164: str
    country: str

    @property
    def national_digits(self) -> str:
        """The number without its country calling code."""
        return self.e164[1 + len(_CALLING_CODES[self.country]) :]

    @property
    def calling_code(self) -> str:
        """The country calling code, with its plus sign."""
        return "+" + _CALLING_CODES[self.country]

    def grouped(self, separator: str) -> str:
        """The number in groups: `+1-202-555-0147`, `+33-6-12-34-56-78`."""
        return separator.join([self.calling_code, *_groups(self.country, self.national_digits)])

    def national(self) -> str:
        """The number as people at home write it."""
        digits = _groups(self.country, self.national_digits)
        if self.country == "US":
            return f"({digits[0]}) {digits[1]}-{digits[2]}"
        trunk = "" if self.country == "ES" else "0"
        return trunk + " ".join(digits)


def invent(rng: Random, country: str) -> Phone:
    """A new number of a country."""
    shape = rng.choice(_RANGES[country])
    return Phone("".join(rng.choice("0123456789") if mark == "#" else mark for mark in shape), country)


def _groups(country: str, digits: str) -> list[str]:
    if country == "US":
        return [digits[:3], digits[3:6], digits[6:]]
    head = 1 if len(digits) % 2 else 2
    return [digits[:head], *(digits[start : start + 2] for start in range(head, len(digits), 2))]
