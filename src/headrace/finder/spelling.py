"""From names as people write them, in any alphabet, to the letters that addresses are made of."""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from headrace.finder import romanise
from headrace.finder.prior import Shares, shares
from headrace.finder.stock import table


class Spelling(NamedTuple):
    """A name in ASCII letters and punctuation, still in its case. `habit` and `label` say which of several
    spellings it is (empty: there is but one); `share` how likely, 0 to 1."""

    first: str
    last: str
    share: float = 1.0
    habit: str = ""
    label: str = ""


_MARKS = re.compile(r"[\u0300-\u036f\u200b-\u200d\ufe0f]")
_SIGNS = re.compile("[™℠®©]")
_SPANISH = re.compile("gü[eéií]")
_FIELD = "\n"


def spellings(first: str, last: str, country: str = "") -> tuple[Spelling, ...]:
    """The ways to spell a name, likeliest first; none for a script that cannot be read letter by letter.

    Arabic and Hebrew leave out their vowels, so a spelling would be a guess; nothing is better.
    """
    if first.isascii() and last.isascii():
        return (Spelling(first, last),)
    whole = f"{first.strip()}{_FIELD}{last.strip()}"
    whole = unicodedata.normalize("NFKC", _SIGNS.sub("", whole)).translate(_letters())
    if whole.isascii():
        return (_fields(whole),)
    if romanise.other_alphabet(whole):
        ways = romanise.ways(whole, country)
        return tuple(_fields(_plain(text), share, habit, label) for text, share, habit, label in ways)
    return _latin(whole, country)


def _latin(whole: str, country: str) -> tuple[Spelling, ...]:
    long, short = _both()
    written_out = whole.translate(long)
    if written_out == whole:
        return (_fields(_plain(whole)),)
    texts = {"long": written_out, "short": whole.translate(short)}
    likely = shares("spelling.umlaut", country) or _by_letter(whole.lower())
    return tuple(_fields(_plain(texts[label]), share, "umlaut", label) for label, share in likely)


def _by_letter(whole: str) -> Shares:
    """How likely the long spelling is, where the country does not tell: as its letters usually are."""
    foreign = table("spelling")["never_long"]
    if not set(whole).isdisjoint(foreign["letters"]) or _SPANISH.search(whole):
        return ("short", 1 - foreign["share"]), ("long", foreign["share"])
    both = table("spelling")["both"]
    found = [both[letter]["share"] for letter in whole if letter in both]
    long = sum(found) / len(found)
    ways = (("long", long), ("short", 1 - long))
    return ways if long >= 0.5 else ways[::-1]


def _fields(text: str, share: float = 1.0, habit: str = "", label: str = "") -> Spelling:
    first, _, last = text.partition(_FIELD)
    return Spelling(first, last, share, habit, label)


def _plain(text: str) -> str:
    """Without accents, emoji and whatever else no address holds."""
    if text.isascii():
        return text
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return bare if bare.isascii() else "".join(map(_ascii, bare))


def _ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    return romanise.letter(letter) if letter.isalpha() else " "


@cache
def _letters() -> dict[int, str]:
    return str.maketrans(table("spelling")["letters"])


@cache
def _both() -> tuple[dict[int, str], dict[int, str]]:
    """Translations to the long and to the short spelling, for both cases."""
    both = table("spelling")["both"]
    lower = [{letter: to[kind] for letter, to in both.items()} for kind in ("long", "short")]
    long, short = (
        str.maketrans(plain | {letter.upper(): to.capitalize() for letter, to in plain.items()})
        for plain in lower
    )
    return long, short
