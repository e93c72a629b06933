"""From stated probabilities to true ones, once enough outcomes are known; and how good they are."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENOUGH = 500
"""Outcomes below which a calibration would follow chance rather than the source."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising step function: from each of `starts` on, the probability is the one of `values`."""

    starts: tuple[float, ...]
    values: tuple[float, ...]

    def apply(self, stated: float) -> float:
        """Below all that was ever seen nothing is known, except that it is not likelier than the lowest."""
        place = bisect_right(self.starts, stated)
        return self.values[place - 1] if place else min(stated, self.values[0])


Outcomes = Mapping[float, tuple[float, float]]
"""By what was stated: how many arrived, and how many bounced."""


def fit(stated: Sequence[float], outcomes: Sequence[bool]) -> Calibration | None:
    """From single outcomes; `None` with fewer than `ENOUGH`."""
    counted: dict[float, tuple[float, float]] = {}
    for value, outcome in zip(stated, outcomes, strict=True):
        arrived, bounced = counted.get(value, (0.0, 0.0))
        counted[value] = arrived + outcome, bounced + (not outcome)
    return fit_counted(counted)


def fit_counted(counted: Outcomes) -> Calibration | None:
    """Isotonic regression by pooling adjacent violators; `None` with fewer than `ENOUGH` outcomes."""
    if sum(map(sum, counted.values())) < ENOUGH:
        return None
    pools: list[tuple[float, float, float]] = []  # start, how many arrived, of how many
    for start, (arrived, bounced) in sorted(counted.items()):
        pools.append((start, arrived, arrived + bounced))
        while len(pools) > 1 and _mean(pools[-2]) >= _mean(pools[-1]):
            _, total, count = pools.pop()
            before = pools.pop()
            pools.append((before[0], before[1] + total, before[2] + count))
    return Calibration(tuple(pool[0] for pool in pools), tuple(map(_smoothed, pools)))


def _mean(pool: tuple[float, float, float]) -> float:
    return pool[1] / pool[2]


def _smoothed(pool: tuple[float, float, float]) -> float:
    # One more of each outcome: a pool of a few never says that something is certain.
    return (pool[1] + 0.5) / (pool[2] + 1.0)


def brier(stated: Sequence[float], outcomes: Sequence[bool]) -> float:
    """The mean squared error of probabilities: 0 is perfect, 0.25 what always saying one half gets."""
    return sum((p - truth) ** 2 for p, truth in zip(stated, outcomes, strict=True)) / len(stated)


def expected_error(stated: Sequence[float], outcomes: Sequence[bool], bins: int = 10) -> float:
    """The expected calibration error: how far what is stated lies from what happens, over equal bins."""
    filled: dict[int, list[tuple[float, bool]]] = {}
    for p, truth in zip(stated, outcomes, strict=True):
        filled.setdefault(min(int(p * bins), bins - 1), []).append((p, truth))
    gaps = (abs(sum(p - truth for p, truth in members)) for members in filled.values())
    return sum(gaps) / len(stated)
