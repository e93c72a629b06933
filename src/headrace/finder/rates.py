"""How often each source is right: assumed at first, then counted from what bounced and what arrived."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from math import log

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

Counts = Mapping[str, Mapping[str, Row]]
"""What was heard, by source (`name`, or `name accept_all`) and word: when it existed, when it was missing."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The assumed rates with what was counted since. Plain numbers, fit for storing as JSON."""

    counts: Counts = field(default_factory=dict)

    def row(self, source: str, word: Word, accept_all: bool = False) -> Row:
        """The rates of one word: Beta distributions' means, begun with what is assumed."""
        assumed = _assumed(source, accept_all)
        counted = self.counts.get(_key(source, accept_all), {})
        exists, missing = assumed.get(word, (0.0, 0.0))
        seen = counted.get(word)
        if seen is None:
            return exists, missing
        totals = [sum(row[truth] for row in counted.values()) for truth in (0, 1)]
        return (
            (STRENGTH * exists + seen[0]) / (STRENGTH + totals[0]),
            (STRENGTH * missing + seen[1]) / (STRENGTH + totals[1]),
        )

    def log_ratio(self, source: str, word: Word, accept_all: bool = False) -> float:
        """How far one word moves the log-odds that the mailbox exists. "Cannot tell" moves nothing."""
        if word is Word.UNKNOWN:
            return 0.0
        exists, missing = self.row(source, word, accept_all)
        return log(max(exists, _LEAST) / max(missing, _LEAST))

    def observe(
        self, source: str, word: Word, exists: float, accept_all: bool = False, weight: float = 1.0
    ) -> "Rates":
        """With one more word whose truth became known; `exists`: 1 it arrived, 0 it bounced, or between."""
        return self.observe_all([(source, word, exists, accept_all, weight)])

    def observe_all(self, heard: Iterable[tuple[str, Word, float, bool, float]]) -> "Rates":
        """With many more: (source, word, exists, accept_all, weight)."""
        counts = {source: dict(rows) for source, rows in self.counts.items()}
        for source, word, exists, accept_all, weight in heard:
            rows = counts.setdefault(_key(source, accept_all), {})
            seen = rows.get(word, (0.0, 0.0))
            rows[word] = (seen[0] + weight * exists, seen[1] + weight * (1.0 - exists))
        return Rates(counts)


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
