"""From a name and a domain to the addresses that the person may have, likeliest first."""

from itertools import islice
from operator import itemgetter
from typing import NamedTuple

from headrace.finder.forms import LONGEST, Filling, explain, fillings
from headrace.finder.learning import Knowledge, beliefs
from headrace.finder.plans import Line
from headrace.finder.prior import country_of

_FLOOR = 0.001
"""Forms less likely than this are not worth a line, let alone a probe."""

_AMPLE = 4
"""So many lines of a plan are written for each candidate wanted: some come out the same."""


class Candidate(NamedTuple):
    """An address that a person may have. `probability`: that it is theirs, if they have one at the domain."""

    email: str
    probability: float
    pattern: str
    reason: str

    @property
    def local(self) -> str:
        return self.email.rpartition("@")[0]


def candidates(
    first: str,
    last: str,
    domain: str,
    knowledge: Knowledge | None = None,
    *,
    at: float | None = None,
    limit: int = 10,
) -> list[Candidate]:
    """The likeliest addresses of a person at `domain` (bare, in lower case), each once, most probable first.

    Their probabilities add up to at most 1. `knowledge`: of this domain, as of `at` (seconds since 1970; its
    own time when not given). Empty when no name is left, or its script cannot be spelt.
    """
    held = beliefs(country_of(domain), knowledge, at)
    likely: dict[str, float] = {}
    shown: dict[str, tuple[Line, Filling]] = {}
    for filling in fillings(first, last, held):
        sure, texts, glues = filling.share, filling.texts, filling.glues
        for line in islice(filling.plan, _AMPLE * limit):
            likelihood, left, glue, right, _, _, _ = line
            share = likelihood * sure
            if share < _FLOOR:
                break
            local = texts[left] + glues[glue] + texts[right]
            if local in likely:
                likely[local] += share
            else:
                likely[local] = share
                shown[local] = line, filling
    best = sorted(likely.items(), key=itemgetter(1), reverse=True)[:limit]
    basis = _basis(held.country, knowledge, at)
    return [
        Candidate(f"{local}@{domain}", share, shown[local][0].pattern, _reason(basis, *shown[local]))
        for local, share in best
        if len(local) <= LONGEST
    ]


def pattern_of(first: str, last: str, local: str) -> frozenset[str]:
    """The patterns that explain a known local part, given whose it is; empty when none does."""
    return frozenset(form.line.pattern for form in explain(first, last, local, beliefs("")))


def _basis(country: str, knowledge: Knowledge | None, at: float | None) -> str:
    seen = knowledge.seen(at) if knowledge else 0.0
    if seen < 0.05:
        return f"assumed for .{country}"
    number = f"{seen:.1f}".removesuffix(".0")  # faded, and weighted by how probably each is right
    return f"learned from {number} address{'' if number == '1' else 'es'} here"


def _reason(basis: str, line: Line, filling: Filling) -> str:
    """What it rests on, and how the awkward parts of the name were written."""
    spelling = filling.spelling
    if spelling.habit:
        basis = f"{basis}; {spelling.habit} {spelling.label}"
    return basis + line.note
