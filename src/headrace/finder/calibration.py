"""From stated probabilities to true ones, once enough outcomes are known; and how good they are."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH = 500
"""Outcomes below which a calibration would follow chance rather than the source."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising step function: from each of `starts` on, the probability is the one of `values`."""

    starts: tuple[float, ...]
    values: tuple[float, ...]

    def apply(self, stated: float) -> float:
        return self.values[max(0, bisect_right(self.starts, stated) - 1)]


def fit(stated: Sequence[float], outcomes: Sequence[bool]) -> Calibration | None:
    """Isotonic regression by pooling adjacent violators; `None` with fewer than `ENOUGH` outcomes."""
    if len(stated) < ENOUGH:
        return None
    groups: dict[float, tuple[float, int]] = {}  # equal values first: they cannot be told apart later
    for value, outcome in zip(stated, outcomes, strict=True):
        total, count = groups.get(value, (0.0, 0))
        groups[value] = total + outcome, count + 1
    pools: list[tuple[float, float, int]] = []  # start, sum of outcomes, how many
    for start in sorted(groups):
        pools.append((start, *groups[start]))
        while len(pools) > 1 and _mean(pools[-2]) >= _mean(pools[-1]):
            _, total, count = pools.pop()
            before = pools.pop()
            pools.append((before[0], before[1] + total, before[2] + count))
    return Calibration(tuple(pool[0] for pool in pools), tuple(map(_smoothed, pools)))


def _mean(pool: tuple[float, float, int]) -> float:
    return pool[1] / pool[2]


def _smoothed(pool: tuple[float, float, int]) -> float:
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
