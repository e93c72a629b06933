"""How often each source is right: assumed at first, then counted from what bounced and arrived, and from what
the other sources said (`hearsay`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from math import log
from typing import NamedTuple

from headrace.finder.stock import table

STRENGTH = 40.0
"""So many observations of each kind the assumed rates are worth."""

_LEAST = 0.0005
"""Nobody is so often right, or wrong, that one word of theirs settles everything."""


class Word(StrEnum):
    """What a source said about an address."""

    VALID = "valid"
    INVALID = "invalid"
    CATCH_ALL = "catch_all"  # the whole domain accepts everything
    RISKY = "risky"  # it exists, but: a role, a full inbox
    FOUND = "found"  # a provider returned the address, without judging it
    UNKNOWN = "unknown"


Row = tuple[float, float]
"""Of a word: how often it is said when the mailbox exists, and when it is missing."""


class Tally(NamedTuple):
    """How often a word was heard when the mailbox existed and when it was missing; where that is only
    probable, in shares. `doubt`: the sum of p (1 - p) over those shares; 0 where the truth was known."""

    exists: float
    missing: float
    doubt: float = 0.0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(self.exists + other.exists, self.missing + other.missing, self.doubt + other.doubt)


NEVER = Tally(0.0, 0.0)

Counts = Mapping[str, Mapping[str, Tally]]
"""What was heard, by source (`name`, or `name accept_all`) and word."""


def finds(vendor: str) -> str:
    """The vendor as a source of what it found itself. It speaks of no other addresses, so of its words is
    counted how often they are right, and not how often they are said."""
    return f"{vendor}{_FINDS}"


_FINDS = " finds"


@dataclass(frozen=True, slots=True)
class Rates:
    """The assumed rates with what was counted since. Plain numbers, fit for storing as JSON."""

    counts: Counts = field(default_factory=dict)
    _ratios: dict[tuple[str, Word, bool], float] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def row(self, source: str, word: Word, accept_all: bool = False) -> Row:
        """The rates of one word, begun with what is assumed. Each is a probability."""
        assumed = _assumed(source.removesuffix(_FINDS), accept_all).get(word, (0.0, 0.0))
        counted = self.counts.get(_key(source, accept_all), {})
        if word not in counted:
            return assumed
        if source.endswith(_FINDS):
            return _precision(assumed, counted[word])
        return _disentangled(assumed, counted[word], counted.values())

    def log_ratio(self, source: str, word: Word, accept_all: bool = False) -> float:
        """How far one word moves the log-odds that the mailbox exists. "Cannot tell" moves nothing."""
        if word is Word.UNKNOWN:
            return 0.0
        known = self._ratios.get((source, word, accept_all))
        if known is None:
            exists, missing = self.row(source, word, accept_all)
            known = log(max(exists, _LEAST) / max(missing, _LEAST))
            self._ratios[source, word, accept_all] = known
        return known

    def observe(
        self, source: str, word: Word, exists: float, accept_all: bool = False, weight: float = 1.0
    ) -> "Rates":
        """With one more word whose truth became known; `exists`: 1 it arrived, 0 it bounced, or between."""
        return self.observe_all([(source, word, exists, accept_all, weight)])

    def observe_all(self, heard: Iterable[tuple[str, Word, float, bool, float]]) -> "Rates":
        """With many more: (source, word, exists, accept_all, weight)."""
        return self.plus(
            ((source, word, accept_all), tally(exists, weight))
            for source, word, exists, accept_all, weight in heard
        )

    def plus(self, heard: Iterable[tuple["Heard", Tally]]) -> "Rates":
        """With what was tallied elsewhere."""
        counts = {source: dict(rows) for source, rows in self.counts.items()}
        for (source, word, accept_all), more in heard:
            rows = counts.setdefault(_key(source, accept_all), {})
            rows[word] = rows.get(word, NEVER).plus(more)
        return Rates(counts)


Heard = tuple[str, Word, bool]
"""Source, word, and whether it was said of a domain that accepts everything."""


def tally(exists: float, weight: float = 1.0) -> Tally:
    """One word, said of a mailbox that exists with this probability."""
    return Tally(weight * exists, weight * (1.0 - exists), weight * exists * (1.0 - exists))


def _precision(assumed: Row, seen: Tally) -> Row:
    """How often the word is right, and how often wrong."""
    right = max(assumed[0], _LEAST) / (max(assumed[0], _LEAST) + max(assumed[1], _LEAST))
    heard = STRENGTH + seen.exists + seen.missing
    return (STRENGTH * right + seen.exists) / heard, (STRENGTH * (1.0 - right) + seen.missing) / heard


def _disentangled(assumed: Row, seen: Tally, all_words: Iterable[Tally]) -> Row:
    """Shares mix the two truths: of what counts as existing, a known part (the doubt) was missing, and the
    other way round. Two equations with two unknowns undo that; without doubt they are plain quotients."""
    totals = NEVER
    for each in all_words:
        totals = totals.plus(each)
    existed, missed, doubt = STRENGTH + totals.exists, STRENGTH + totals.missing, totals.doubt
    exists, missing = STRENGTH * assumed[0] + seen.exists, STRENGTH * assumed[1] + seen.missing
    scale = existed * missed - doubt * (existed + missed)
    return (
        _share(((missed - doubt) * exists - doubt * missing) / scale, assumed[0] / existed),
        _share(((existed - doubt) * missing - doubt * exists) / scale, assumed[1] / missed),
    )


def _share(value: float, assumed: float) -> float:
    """Chance may leave less than nothing; what was assumed keeps its part."""
    return min(max(value, STRENGTH * assumed), 1.0)


def _key(source: str, accept_all: bool) -> str:
    return f"{source} accept_all" if accept_all else source


@cache
def _assumed(source: str, accept_all: bool) -> dict[str, Row]:
    """The assumed rows of a source, with "unknown" for whatever they leave."""
    sources = table("verifiers")
    own = sources.get(source, {})
    rows = _rows(own if any(isinstance(row, list) for row in own.values()) else sources["default"])
    if accept_all:
        rows |= _rows(own.get("accept_all", sources["default"]["accept_all"]))
    left = tuple(max(0.0, 1.0 - sum(row[truth] for row in rows.values())) for truth in (0, 1))
    return {**rows, Word.UNKNOWN: (left[0], left[1])}


def _rows(plain: Mapping[str, object]) -> dict[str, Row]:
    return {word: (float(row[0]), float(row[1])) for word, row in plain.items() if isinstance(row, list)}
