"""A name as people write it -> its parts: what is written out, what an initial, what the surname."""

from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from headrace.finder import cleaning
from headrace.finder.stock import table

Shape = Literal["simple", "compound", "particle", "double", "single"]
"""Names that employers treat alike: Jane Doe; Jean-Pierre; van den Berg; García López; Prince."""


class Surname(NamedTuple):
    """One surname and what stands before it: `("van", "den")`, `"berg"`. `elided`: it is tied by an
    apostrophe, as in O'Connell."""

    core: str
    particles: tuple[str, ...] = ()
    elided: bool = False


class Name(NamedTuple):
    """The parts of a name, in lower-case ASCII letters.

    `given`: the words of the first name; `given_tie` what ties them: "-" or " ". `middle`: the initial of a
    middle name. `nickname`: as stated. `initials`: they stand before the given name, or alone. A `family`
    of one letter is an abbreviation.
    """

    given: tuple[str, ...]
    family: tuple[Surname, ...]
    given_tie: str = ""
    family_tie: str = ""
    middle: str = ""
    nickname: str = ""
    initials: str = ""

    @property
    def shape(self) -> Shape:
        if not self.family or not (self.given or self.initials):
            return "single"
        if self.family[0].particles or self.family[-1].particles:
            return "particle"
        if len(self.family) > 1:
            return "double"
        return "compound" if len(self.given) > 1 else "simple"


def parse(first: str, last: str) -> Name | None:
    """Reads a name in ASCII (see `spelling`); `None` when nothing is left of it."""
    if not (first.strip() and last.strip()):
        first, last = cleaning.swapped(first.strip(), last.strip())
    given, called = cleaning.words(first)
    family, _ = cleaning.words(last)
    given, family = _settled(given, family)
    if not given and not family:
        return None
    surnames, family_tie, early = _family(family)
    names, given_tie, initials, middle = _given(given)
    return Name(names, surnames, given_tie, family_tie, middle or early, called.lower(), initials)


def _settled(given: list[str], family: list[str]) -> tuple[list[str], list[str]]:
    """Words in the field that they belong to: a particle left at the end of the first name, a whole name
    in one field, the surname repeated in the first."""
    given, family = [word.lower() for word in given], [word.lower() for word in family]
    if not family and len(given) > 1:
        start = _surname_start(given)
        return given[:start], given[start:]
    if len(given) > len(family) and given[-len(family) :] == family:
        given = given[: -len(family)]
    start = _trailing_particles(given)
    return (given[:start], given[start:] + family) if family else (given, family)


def _trailing_particles(given: list[str]) -> int:
    """Where the particles begin that were left behind the first name, as in "Maria de la" or "Ludwig van"."""
    start = len(given)
    while start > 1 and given[start - 1] in _particles():
        start -= 1
    while start < len(given) and given[start] in _also_names():
        start += 1
    return start


def _surname_start(words: list[str]) -> int:
    """Where the surname of a whole name begins: at the first particle, or at the last word."""
    particle = (at for at in range(1, len(words) - 1) if words[at].partition("-")[0] in _particles())
    return next(particle, len(words) - 1)


def _given(words: list[str]) -> tuple[tuple[str, ...], str, str, str]:
    """The given names, their tie, the initials that are not spelt out, and the middle initial."""
    if len(words) == 1 and len(words[0]) > 1 and words[0].isalpha():
        return (words[0],), "", "", ""
    words = [word.replace("'", "") for word in words if word.strip("'")]
    lead = 0
    while lead < len(words) and len(words[lead]) == 1:
        lead += 1
    initials, words = "".join(words[:lead]), words[lead:]
    if not words:
        return (), "", initials, ""
    parts = tuple(part for part in words[0].split("-") if part)
    if len(parts) > 1:
        return parts, "-", initials, words[1][0] if len(words) > 1 else ""
    if len(words) > 1 and len(words[1]) > 1 and parts[0] in _compounds():
        return (*parts, words[1].replace("-", "")), " ", initials, words[2][0] if len(words) > 2 else ""
    return parts, "", initials, words[1][0] if len(words) > 1 else ""


def _family(words: list[str]) -> tuple[tuple[Surname, ...], str, str]:
    """The surnames, what ties them, and a middle initial that stood before them."""
    if len(words) == 1 and words[0].isalpha():
        return (Surname(words[0]),), "", ""
    early = ""
    while len(words) > 1 and len(words[0]) == 1 and words[0] != "o":
        early, words = early or words[0], words[1:]
    if len(words) > 1 and len(words[-1]) == 1:
        words = words[:-1]
    pieces = [piece for word in words for piece in _pieces(word)]
    surnames: list[Surname] = []
    waiting: list[_Piece] = []
    tie = " "
    for at, piece in enumerate(pieces):
        last = at == len(pieces) - 1
        if not last and (piece.elided or piece.text in _particles()):
            waiting.append(piece)
        elif last or not (surnames and piece.text in _CONNECTORS):
            tie = "-" if surnames and (waiting or [piece])[0].hyphenated else tie
            particles = tuple(before.text for before in waiting)
            surnames.append(Surname(piece.text, particles, bool(waiting) and waiting[-1].elided))
            waiting = []
    return tuple(surnames), tie if len(surnames) > 1 else "", early


class _Piece(NamedTuple):
    """A part of a surname; `hyphenated`: tied to the one before, `elided`: to the next, by an apostrophe."""

    text: str
    hyphenated: bool = False
    elided: bool = False


def _pieces(word: str) -> Iterator[_Piece]:
    """One written word: `al-hashimi` and `o'connell` hold their particle, `smythe-ellis` two surnames."""
    for at, part in enumerate(piece for piece in word.split("-") if piece):
        before, apostrophe, rest = part.partition("'")
        rest = rest.replace("'", "")
        if apostrophe and rest and before in _ELIDED:
            yield _Piece(before, at > 0, elided=True)
            yield _Piece(rest)
        elif text := before + rest:
            yield _Piece(text, at > 0)


_CONNECTORS = frozenset({"y", "e", "i"})
_ELIDED = frozenset({"o", "d", "l", "m", "n", "dell", "dall", "all", "sant", "t", "del"})


@cache
def _particles() -> frozenset[str]:
    return frozenset(word for habit in table("particles")["habits"].values() for word in habit)


@cache
def _also_names() -> frozenset[str]:
    return frozenset(table("particles")["also_names"]["words"])


@cache
def _compounds() -> frozenset[str]:
    return frozenset(table("given")["compound"])
