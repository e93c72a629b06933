"""How well an address that somebody returned fits what is known of its domain."""

from collections.abc import Mapping

from headrace.finder.learning import OTHER, STRENGTH, Beliefs, Knowledge
from headrace.finder.prior import country_of, patterns
from headrace.finder.ways import SEPARATORS

_ODD = 0.05
"""The share of addresses that no pattern explains, where nothing is known: an assumption."""


class Habit:
    """What was learned of one domain, ready to be asked again and again."""

    def __init__(self, domain: str, knowledge: Knowledge) -> None:
        self._country = country_of(domain)
        self._knowledge = knowledge
        self._known: Mapping[str, float] | None = None
        others = knowledge.counts.get("pattern.simple", {}).get(OTHER, 0.0)
        seen = knowledge.seen()
        self._odd = max(0.0, STRENGTH * _ODD + others) / (STRENGTH + seen) / _ODD

    def fit(self, first: str, last: str, local: str) -> float:
        """How many times likelier this local part is here than at a domain of which nothing is known. 1: as
        likely, also for a name that can be written in several ways: to tell would cost more than it tells."""
        first, last = first.lower(), last.lower()
        if not (_is_plain(first) and _is_plain(last)):
            return 1.0
        pattern = _pattern(first, last, local)
        return self._factors().get(pattern, 1.0) if pattern else self._odd

    def _factors(self) -> Mapping[str, float]:
        """For each pattern, worked out once."""
        if self._known is None:
            believed = Beliefs(self._country, self._knowledge).patterns("simple", middle=False)
            assumed = dict(patterns(self._country, "simple", middle=False))
            self._known = {
                pattern: share / assumed[pattern] for pattern, share in believed if pattern in assumed
            }
        return self._known


def _is_plain(name: str) -> bool:
    """Whether there is one way to write it: a single word in Latin letters."""
    return name.isascii() and name.isalpha() and len(name) > 1


def _pattern(first: str, last: str, local: str) -> str | None:
    """The pattern that a local part follows, given whose it is."""
    for separator in SEPARATORS:
        left, found, right = local.partition(separator) if separator else ("", "", "")
        if found:
            parts = {first[0]: "f", last[0]: "l", first: "first", last: "last"}
            return f"{parts[left]}{separator}{parts[right]}" if left in parts and right in parts else None
    ways = {
        first: "first",
        last: "last",
        first + last: "firstlast",
        first + last[0]: "firstl",
        last + first: "lastfirst",
        last + first[0]: "lastf",
        first[0] + last[0]: "fl",
        last[0] + first: "lfirst",
        first[0] + last: "flast",
    }
    return ways.get(local)
