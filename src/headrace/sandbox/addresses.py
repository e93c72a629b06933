"""How employers form the mail addresses of their people."""

from collections.abc import Callable
from random import Random

from headrace.sandbox.spelling import plain

PATTERNS: dict[str, Callable[[str, str], str]] = {
    "first.last": lambda first, last: f"{first}.{last}",
    "flast": lambda first, last: f"{first[0]}{last}",
    "f.last": lambda first, last: f"{first[0]}.{last}",
    "first": lambda first, last: first,
    "firstl": lambda first, last: f"{first}{last[0]}",
    "first_last": lambda first, last: f"{first}_{last}",
    "last.first": lambda first, last: f"{last}.{first}",
    "firstlast": lambda first, last: f"{first}{last}",
}
_WEIGHTS = (40, 16, 10, 12, 6, 4, 5, 7)


class AddressBook:
    """One domain's addresses: the usual pattern, a second one for some, house rules for odd names."""

    def __init__(self, rng: Random, domain: str) -> None:
        self._rng = rng
        self._domain = domain
        self._usual, self._second = rng.choices(tuple(PATTERNS), _WEIGHTS, k=2)
        self._keeps_hyphens = rng.random() < 0.5
        self._writes_out = rng.random() < 0.5
        self._one_surname = rng.random() < 0.5
        self._taken: set[str] = set()

    def assign(self, first: str, last: str, culture: str) -> str:
        """A new person's address, distinct within the domain."""
        given, family = self._spell(first), self._spell(last, culture == "es" and self._one_surname)
        favourite = self._second if self._rng.random() < 0.12 else self._usual
        for pattern in (favourite, "first.last", "first_last", "last.first"):
            local = PATTERNS[pattern](given, family)
            if local not in self._taken:
                break
        while local in self._taken:
            local += str(self._rng.randint(2, 9))
        self._taken.add(local)
        return f"{local}@{self._domain}"

    def _spell(self, name: str, only_first_word: bool = False) -> str:
        words = plain(name, self._writes_out).replace("'", "").replace(".", "").split()
        text = words[0] if only_first_word else "".join(words)
        return text if self._keeps_hyphens else text.replace("-", "")


def guess(rng: Random, first: str, last: str, domain: str) -> str:
    """An address by a pattern that need not be the employer's."""
    given, family = (plain(name).replace("'", "").replace(".", "").replace(" ", "") for name in (first, last))
    return f"{PATTERNS[rng.choice(tuple(PATTERNS))](given, family)}@{domain}"
