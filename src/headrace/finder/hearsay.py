"""The error rates of sources without knowing the truth: Dawid and Skene (1979), one address at a time.

Each source's word is counted with the probability that the words of the others imply. Nobody confirms
himself: his own word is left out, and that of everybody who resells the same upstream. What the others leave
open counts for little, and that they may be wrong is undone by `rates`.
"""

from collections.abc import Iterator, Mapping, Sequence

from headrace.finder.combine import Evidence, chance, neutral
from headrace.finder.rates import Heard, Rates, Tally, Word, tally

FACTS = frozenset({"syntax", "dns", "lists"})
"""They speak for others, and are not counted themselves."""

_TOO_LITTLE = 0.01


def heard(evidence: Sequence[Evidence], rates: Rates) -> Iterator[tuple[Heard, Tally]]:
    """What is to be counted about one address: at most one word of each source.

    Nothing where the domain accepts everything: hardly anybody knows there, and one who mistakes "cannot
    tell" for "no" would persuade all the others. Only outcomes teach there.
    """
    if len(evidence) < 2 or any(piece.said is Word.CATCH_ALL for piece in evidence):
        return
    for piece in first_words(evidence).values():
        others = [other for other in evidence if _family(other) != _family(piece)]
        if not others:
            continue
        exists = chance(others, neutral(), rates)
        weight = (2.0 * exists - 1.0) ** 4
        if weight > _TOO_LITTLE:
            yield (piece.source, piece.said, False), tally(exists, weight)


def first_words(evidence: Sequence[Evidence]) -> Mapping[str, Evidence]:
    """The first word of each source that can be wrong: counting a second one would thin out the first."""
    first: dict[str, Evidence] = {}
    for piece in evidence:
        if piece.source not in FACTS:
            first.setdefault(piece.source, piece)
    return first


def _family(piece: Evidence) -> str:
    return piece.family or piece.source
