"""Synthetic employers whose habits are known, made without the code under test."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple


def _listed(text: str) -> list[str]:
    return text.split(", ")


FIRST = _listed(
    "Anna, Ben, Carla, David, Emma, Felix, Grace, Hugo, Irene, Jonas, Karen, Leo, Maya, Nora, Oskar, "
    "Paula, Quinn, Rita, Simon, Tara, Una, Victor, Wanda, Xenia, Yara, Zoe, Martin, Lucas, Julia, "
    "Peter, Laura, Robert, Thomas, Michael, Sandra, Eric, Olga, Ivan"
)
LAST = _listed(
    "Adler, Brook, Carter, Dorn, Ebert, Frost, Garner, Holt, Irving, Jansen, Keller, Lang, Mercer, "
    "North, Osborne, Parker, Quill, Reed, Stone, Turner, Usher, Vance, Walsh, Yates, Zander, Bishop, "
    "Coleman, Dalton, Fisher, Harper, Lambert, Morgan, Palmer"
)
UMLAUT_FIRST = _listed("Jürgen, Björn, Käthe, Günther, Jörg, Sönke")
UMLAUT_LAST = _listed("Müller, Schäfer, Böhm, Krüger, König, Hübner, Jäger")
HYPHEN_FIRST = _listed("Jean-Pierre, Anne-Marie, Karl-Heinz, Marie-Claire, Hans-Peter")
HYPHEN_LAST = _listed("Smythe-Ellis, Meyer-Holm, Beaulieu-Martel, Nowak-Stein")
PARTICLE_LAST = _listed("van den Berg, de Vries, van Dijk, von Stein, de la Roche, du Plessis")
IRISH_LAST = _listed("O'Connell, O'Neill, O'Brien, McAllister, MacLeod")

PATTERNS: dict[str, Callable[[str, str], str]] = {
    "first.last": lambda first, last: f"{first}.{last}",
    "flast": lambda first, last: f"{first[0]}{last}",
    "first": lambda first, last: first,
    "f.last": lambda first, last: f"{first[0]}.{last}",
    "firstlast": lambda first, last: f"{first}{last}",
    "first_last": lambda first, last: f"{first}_{last}",
    "last": lambda first, last: last,
    "firstl": lambda first, last: f"{first}{last[0]}",
    "last.first": lambda first, last: f"{last}.{first}",
    "lastf": lambda first, last: f"{last}{first[0]}",
    "first-last": lambda first, last: f"{first}-{last}",
    "first.l": lambda first, last: f"{first}.{last[0]}",
    "lastfirst": lambda first, last: f"{last}{first}",
}
WEIGHTS = (0.42, 0.20, 0.16, 0.05, 0.04, 0.03, 0.02, 0.02, 0.02, 0.015, 0.01, 0.01, 0.005)

_LONG = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_SHORT = str.maketrans({"ä": "a", "ö": "o", "ü": "u"})


class Person(NamedTuple):
    first: str
    last: str
    local: str


class House(NamedTuple):
    """The habits of one employer."""

    pattern: str
    country: str
    writes_out: bool
    keeps_hyphens: bool
    particles: str  # joined, separated, dropped

    def local(self, first: str, last: str) -> str:
        return PATTERNS[self.pattern](self._spell(first), self._surname(last))

    def _surname(self, last: str) -> str:
        *particles, core = self._spell(last).split(" ")
        if self.particles == "dropped":
            return core
        glue = (
            next((sign for sign in "._-" if sign in self.pattern), "")
            if self.particles == "separated"
            else ""
        )
        return glue.join([*particles, core])

    def _spell(self, name: str) -> str:
        text = name.lower().replace("'", "").translate(_LONG if self.writes_out else _SHORT)
        return text if self.keeps_hyphens else text.replace("-", "")


def house(rng: Random, pattern: str) -> House:
    """Three in ten are German, and nine in ten of them write umlauts out; elsewhere tastes differ."""
    german = rng.random() < 0.3
    particles = rng.choices(("joined", "separated", "dropped"), (80, 10, 10))[0]
    writes_out = rng.random() < (0.9 if german else 0.5)
    return House(pattern, "de" if german else "com", writes_out, rng.random() < 0.7, particles)


def name(rng: Random, country: str) -> tuple[str, str]:
    """A name; every seventh has an awkward part, every fourth in Germany."""
    first, last = rng.choice(FIRST), rng.choice(LAST)
    if rng.random() < (0.16 if country == "de" else 0.04):
        return (rng.choice(UMLAUT_FIRST), last) if rng.random() < 0.5 else (first, rng.choice(UMLAUT_LAST))
    awkward = rng.random()
    if awkward < 0.02:
        return rng.choice(HYPHEN_FIRST), last
    if awkward < 0.04:
        return first, rng.choice(HYPHEN_LAST)
    if awkward < 0.07:
        return first, rng.choice(PARTICLE_LAST)
    return (first, rng.choice(IRISH_LAST)) if awkward < 0.10 else (first, last)


def staff(rng: Random, employer: House, size: int) -> list[Person]:
    """`size` people of different names and addresses."""
    people: dict[str, Person] = {}
    while len(people) < size:
        first, last = name(rng, employer.country)
        local = employer.local(first, last)
        people.setdefault(local, Person(first, last, local))
    return list(people.values())
