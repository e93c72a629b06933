"""The error rates of sources without knowing the truth: Dawid and Skene's expectation maximisation (1979).

Who agrees with the others more often than chance is right more often; whoever is right counts for more; and
again, until nothing moves. What is known for certain, from bounces, takes part as it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from headrace.finder.combine import dampened, probability
from headrace.finder.rates import Rates, Word

Votes = Mapping[str, Word]
"""What each source said about one address."""

_Ballot = tuple[tuple[tuple[str, Word], ...], bool | None]
_ROUNDS = 200
_STILL = 1e-5


@dataclass(frozen=True, slots=True)
class Estimate:
    """`rates` as counted; `prevalence`: the share of addresses that exist; `exists`: of each item."""

    rates: Rates
    prevalence: float
    exists: tuple[float, ...]


def estimate(
    items: Sequence[Votes],
    truths: Mapping[int, bool] | None = None,
    families: Mapping[str, str] | None = None,
    prevalence: float = 0.5,
) -> Estimate:
    """Learns from `items`. `truths`: those whose outcome is known, by index; `families`: the upstream of a
    source that resells one, `prevalence`: a first guess."""
    ballots: list[_Ballot] = [
        (tuple(sorted(votes.items())), (truths or {}).get(at)) for at, votes in enumerate(items)
    ]
    # Addresses about which everybody said the same are one case: there are few of them, however many items.
    cases = Counter(ballots)
    rates, believed = Rates(), dict.fromkeys(cases, prevalence)
    for _ in range(_ROUNDS):
        before = believed
        believed = {case: _exists(case, rates, prevalence, families or {}) for case in cases}
        prevalence = (1.0 + sum(cases[case] * p for case, p in believed.items())) / (2.0 + len(items))
        rates = _counted(cases, believed)
        if max(abs(believed[case] - before[case]) for case in cases) < _STILL:
            break
    return Estimate(rates, prevalence, tuple(believed[ballot] for ballot in ballots))


def _exists(case: _Ballot, rates: Rates, prevalence: float, families: Mapping[str, str]) -> float:
    votes, truth = case
    if truth is not None:
        return float(truth)
    ratios = [rates.log_ratio(source, word) for source, word in votes]
    moved = dampened(ratios, [families.get(source, source) for source, _ in votes])
    return probability(log(prevalence / (1.0 - prevalence)) + sum(moved))


def _counted(cases: Mapping[_Ballot, int], believed: Mapping[_Ballot, float]) -> Rates:
    return Rates().observe_all(
        (source, word, believed[case], False, float(count))
        for case, count in cases.items()
        for source, word in case[0]
    )
