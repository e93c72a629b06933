"""Error rates without the truth, on synthetic worlds whose truth the test knows."""

from collections.abc import Mapping, Sequence
from random import Random

import pytest

from headrace.finder.calibration import brier, expected_error
from headrace.finder.combine import Evidence, combine
from headrace.finder.dawid_skene import Estimate, estimate
from headrace.finder.rates import Word

ITEMS = 5_000
SEEDS = range(6)

# True positive rate, false positive rate, share of "cannot tell".
VERIFIERS = {
    "best": (0.96, 0.05, 0.04),
    "good": (0.93, 0.10, 0.08),
    "fair": (0.85, 0.30, 0.03),
    "eager": (0.92, 0.45, 0.00),
}
World = tuple[list[bool], list[dict[str, Word]]]


def world(rng: Random, verifiers: Mapping[str, tuple[float, float, float]], share: float = 0.6) -> World:
    truths = [rng.random() < share for _ in range(ITEMS)]
    return truths, [{name: vote(rng, truth, *rates) for name, rates in verifiers.items()} for truth in truths]


def vote(rng: Random, truth: bool, tpr: float, fpr: float, silent: float) -> Word:
    if rng.random() < silent:
        return Word.UNKNOWN
    return Word.VALID if rng.random() < (tpr if truth else fpr) else Word.INVALID


def realised(items: Sequence[Mapping[str, Word]], truths: Sequence[bool], name: str) -> tuple[float, float]:
    """The true and false positive rate of this very world. Of 2,000 missing addresses, 30 % accepted may well
    turn out as 32 %: to find that is right, so it is no error of the estimate."""
    said = [
        [votes[name] is Word.VALID for votes, truth in zip(items, truths, strict=True) if truth is wanted]
        for wanted in (True, False)
    ]
    return sum(said[0]) / len(said[0]), sum(said[1]) / len(said[1])


def accuracy(guesses: Sequence[bool], truths: Sequence[bool]) -> float:
    return sum(guess == truth for guess, truth in zip(guesses, truths, strict=True)) / len(truths)


def majority(votes: Mapping[str, Word]) -> bool:
    """What most of those who could tell say; a tie counts as valid, which is the commoner truth here."""
    said = list(votes.values())
    return said.count(Word.VALID) >= said.count(Word.INVALID)


def combined(items: Sequence[Mapping[str, Word]], learned: Estimate) -> list[float]:
    return [
        combine(
            [Evidence(source, word, "said") for source, word in votes.items()],
            learned.prevalence,
            learned.rates,
        ).exists
        for votes in items
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bars(seed: int) -> None:
    truths, items = world(Random(seed), VERIFIERS)
    learned = estimate(items)
    for name in VERIFIERS:
        assert learned.rates.row(name, Word.VALID) == pytest.approx(realised(items, truths, name), abs=0.02)
    stated = combined(items, learned)
    assert brier(stated, truths) <= 0.05
    assert expected_error(stated, truths) <= 0.03
    ours = accuracy([p >= 0.5 for p in stated], truths)
    assert ours >= accuracy([majority(votes) for votes in items], truths) + 0.03
    singles = (accuracy([votes[name] is Word.VALID for votes in items], truths) for name in VERIFIERS)
    assert ours >= max(singles) - 0.005


@pytest.mark.parametrize("seed", SEEDS)
def test_other_worlds(seed: int) -> None:
    """Whatever the verifiers are worth, as long as they are right more often than wrong."""
    rng = Random(1000 + seed)
    verifiers = {
        f"v{number}": (rng.uniform(0.85, 0.98), rng.uniform(0.03, 0.20), rng.uniform(0.0, 0.1))
        for number in range(4)
    }
    truths, items = world(rng, verifiers, share=rng.uniform(0.4, 0.8))
    learned = estimate(items)
    for name in verifiers:
        assert learned.rates.row(name, Word.VALID) == pytest.approx(realised(items, truths, name), abs=0.02)
    stated = combined(items, learned)
    assert brier(stated, truths) <= 0.05
    assert expected_error(stated, truths) <= 0.03
    ours = accuracy([p >= 0.5 for p in stated], truths)
    singles = (accuracy([votes[name] is Word.VALID for votes in items], truths) for name in verifiers)
    assert ours >= max(singles) - 0.005


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reseller_does_not_outvote(seed: int) -> None:
    """Two that sell a third's answers agree with it always: taken for independent, the three would win."""
    rng = Random(2000 + seed)
    truths, items = world(
        rng, {"best": (0.97, 0.04, 0.0), "good": (0.94, 0.08, 0.0), "poor": (0.80, 0.30, 0.0)}
    )
    for votes in items:
        for reseller in ("shop", "stall"):
            votes[reseller] = votes["poor"] if rng.random() < 0.98 else votes["best"]
    families = dict.fromkeys(("poor", "shop", "stall"), "poor")
    taken_apart = estimate(items, families=families)
    taken_as_three = estimate(items)
    right = accuracy([p >= 0.5 for p in taken_apart.exists], truths)
    wrong = accuracy([p >= 0.5 for p in taken_as_three.exists], truths)
    assert right > wrong
    best = accuracy([votes["best"] is Word.VALID for votes in items], truths)
    assert right >= best - 0.005


def test_outcomes_known_for_certain_take_part() -> None:
    truths, items = world(Random(7), VERIFIERS)
    known = {at: truths[at] for at in range(0, ITEMS, 5)}
    learned = estimate(items, known)
    assert all(learned.exists[at] == float(truth) for at, truth in known.items())
    assert brier(learned.exists, truths) < brier(estimate(items).exists, truths)


def test_the_assumed_rates_hold_without_data() -> None:
    learned = estimate([{"vendor": Word.VALID}])
    assert learned.exists[0] > 0.9
