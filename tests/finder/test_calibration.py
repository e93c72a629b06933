"""Stated probabilities against what happens."""

from random import Random

import pytest

from headrace.finder.calibration import brier, expected_error, fit


def test_measures_on_small_cases() -> None:
    assert brier([1.0, 0.0], [True, False]) == 0.0
    assert brier([0.5, 0.5], [True, False]) == 0.25
    assert expected_error([1.0, 1.0, 1.0, 1.0], [True, True, True, False]) == 0.25
    assert expected_error([0.75] * 4, [True, True, True, False]) == 0.0


def test_too_few_outcomes_calibrate_nothing() -> None:
    assert fit([0.5] * 499, [True] * 499) is None


@pytest.mark.parametrize("seed", range(5))
def test_overconfidence_is_taken_back(seed: int) -> None:
    rng = Random(seed)
    truths = [rng.random() for _ in range(4000)]
    stated = [truth**3 / (truth**3 + (1 - truth) ** 3) for truth in truths]
    outcomes = [rng.random() < truth for truth in truths]
    calibration = fit(stated[:2000], outcomes[:2000])
    assert calibration is not None
    fitted = [calibration.apply(p) for p in stated[2000:]]
    assert expected_error(stated[2000:], outcomes[2000:]) > 0.1
    assert expected_error(fitted, outcomes[2000:]) < 0.05
    assert brier(fitted, outcomes[2000:]) < brier(stated[2000:], outcomes[2000:])


def test_it_rises_and_never_claims_certainty() -> None:
    calibration = fit([number / 1000 for number in range(1000)], [number >= 500 for number in range(1000)])
    assert calibration is not None
    values = [calibration.apply(number / 100) for number in range(111)]
    assert values == sorted(values)
    assert 0 < values[0] < 0.01
    assert 0.99 < values[-1] < 1


def test_equal_values_get_one_probability_and_do_not_pull_others_away() -> None:
    stated = [0.1] * 500 + [0.2] * 500 + [0.9] * 500
    outcomes = [n < 50 for n in range(500)] + [n < 10 for n in range(500)] + [True] * 500
    fitted = fit(stated, outcomes)
    assert fitted
    assert fitted.apply(0.1) == fitted.apply(0.2) == pytest.approx(0.06, abs=0.002)
    assert fitted.apply(0.9) > 0.99


def test_below_all_that_was_seen_a_probability_stays_as_it_is() -> None:
    fitted = fit([0.9] * 600, [number < 480 for number in range(600)])
    assert fitted
    assert fitted.apply(0.95) == pytest.approx(0.8, abs=0.002)
    assert fitted.apply(0.02) == 0.02
    assert fitted.apply(0.89) == fitted.apply(0.9)
