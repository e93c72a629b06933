"""The domain that a company writes from, as far as its own addresses have shown it; never guessed."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.finder.learning import HALF_LIFE
from headrace.finder.romanise import letter
from headrace.finder.stock import words

CLEAR = 0.8
"""The share of its confirmations that a domain must have to stand for the company: four to one."""

MOST = 8
"""Domains that are kept of one company; a name that has more says nothing."""

_DAY = 86_400.0
_MARKS = re.compile(r"[\u0300-\u036f]")
_JOINED = re.compile(r"[./'`\u2019\u02bc]")
_BETWEEN = re.compile(r"[^a-z0-9]+")


def fold(name: str) -> str:
    """A company's name in one spelling: without case, accents, blanks, punctuation, and legal form at its
    end. Empty when nothing is left.

    The legal form goes because the same firm is written with and without it. Two firms that differ in nothing
    else have two domains, and then neither is taken.
    """
    found = (_plain_words if name.isascii() else _words)(_JOINED.sub("", name))
    forms = words("legal_forms")
    while len(found) > 1 and found[-1] in forms:
        found.pop()
    return "".join(found)


@dataclass(frozen=True, slots=True)
class Domains:
    """How often addresses of a company were confirmed under each domain: counts as of `at` (seconds since
    1970), which halve like everything that is learned. Fit for storing as JSON."""

    counts: Mapping[str, float] = field(default_factory=dict)
    at: float = 0.0

    def certain(self) -> str | None:
        """The one domain, or one that is clearly ahead of all others; `None` where it is not clear."""
        best = max(self.counts, key=lambda domain: self.counts[domain], default=None)
        if best is None or self.counts[best] < CLEAR * sum(self.counts.values()):
            return None
        return best

    def knows(self, domain: str, at: float) -> bool:
        """Whether one more confirmation would tell nothing: the only domain, and seen within the day."""
        return list(self.counts) == [domain] and at - self.at < _DAY

    def learn(self, domain: str, weight: float, at: float) -> "Domains":
        """With one more confirmed address. `weight`: how probably it is right, 0 to 1."""
        fade = 0.5 ** (max(0.0, at - self.at) / HALF_LIFE)
        counts = {name: count * fade for name, count in self.counts.items()}
        counts[domain] = counts.get(domain, 0.0) + weight
        kept = sorted(counts, key=lambda name: -counts[name])[:MOST]
        return Domains({name: counts[name] for name in kept}, max(at, self.at))


def _plain_words(name: str) -> list[str]:
    return _BETWEEN.sub(" ", name.lower()).split()


def _words(name: str) -> list[str]:
    """In lower case, Latin letters in ASCII; what other alphabets tell apart stays apart."""
    low = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    bare = unicodedata.normalize("NFC", _MARKS.sub("", low))
    spelt = "".join(letter(one).lower() if _is_foreign_latin(one) else one for one in bare)
    return "".join(one if _counts(one) else " " for one in spelt).split()


def _is_foreign_latin(one: str) -> bool:
    return not one.isascii() and unicodedata.name(one, "").startswith("LATIN ")


def _counts(one: str) -> bool:
    """Letters and digits do, and the vowel signs of those scripts that write them above or below."""
    return one.isalnum() or unicodedata.category(one) in ("Mn", "Mc")
