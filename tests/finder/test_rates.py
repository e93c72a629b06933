"""How often a source is right: what is assumed, and what bounces teach."""

import msgspec
import pytest

from headrace.finder.rates import Rates, Word


def test_hard_evidence_moves_the_assumed_rates() -> None:
    rates = Rates()
    assumed = rates.row("vendor", Word.VALID)
    for _ in range(400):
        rates = rates.observe("vendor", Word.VALID, exists=0.0)
        rates = rates.observe("vendor", Word.VALID, exists=1.0)
    learned = rates.row("vendor", Word.VALID)
    # It says "valid" of everything by now: 40 assumed observations against 400 seen.
    assert learned[1] == pytest.approx((40 * assumed[1] + 400) / 440)
    assert abs(rates.log_ratio("vendor", Word.VALID)) < 0.15 < Rates().log_ratio("vendor", Word.VALID)


def test_one_bounce_does_not_condemn() -> None:
    before = Rates().log_ratio("vendor", Word.VALID)
    after = Rates().observe("vendor", Word.VALID, exists=0.0).log_ratio("vendor", Word.VALID)
    assert 0 < before - after < 0.6


def test_a_word_never_heard_keeps_its_assumed_ratio() -> None:
    rates = Rates()
    for _ in range(1000):
        rates = rates.observe("vendor", Word.VALID, exists=1.0)
    assert rates.log_ratio("vendor", Word.CATCH_ALL) == 0.0
    assert rates.log_ratio("vendor", Word.INVALID) == Rates().log_ratio("vendor", Word.INVALID)


def test_unknown_says_nothing_however_it_is_distributed() -> None:
    rates = Rates()
    for _ in range(1000):
        rates = rates.observe("vendor", Word.UNKNOWN, exists=0.0)
    assert rates.log_ratio("vendor", Word.UNKNOWN) == 0.0


def test_domains_that_accept_everything_are_counted_apart() -> None:
    rates = Rates()
    for _ in range(300):
        rates = rates.observe("vendor", Word.VALID, exists=0.0, accept_all=True)
    assert rates.log_ratio("vendor", Word.VALID, accept_all=True) < 0
    assert rates.log_ratio("vendor", Word.VALID) == Rates().log_ratio("vendor", Word.VALID)


@pytest.mark.parametrize("source", ["anyone", "headrace_probe", "dns", "syntax", "findymail"])
@pytest.mark.parametrize("accept_all", [False, True])
def test_the_shipped_rates_point_the_right_way(source: str, accept_all: bool) -> None:
    rates = Rates()
    for truth in (0, 1):
        assert sum(rates.row(source, word, accept_all)[truth] for word in Word) <= 1.0 + 1e-9
    assert rates.log_ratio(source, Word.INVALID, accept_all) < -1
    assert rates.log_ratio(source, Word.VALID, accept_all) >= 0
    assert rates.log_ratio(source, Word.CATCH_ALL, accept_all) == 0


def test_its_own_acceptance_means_nothing_where_all_is_accepted() -> None:
    assert Rates().log_ratio("headrace_probe", Word.VALID, accept_all=True) == 0
    assert Rates().log_ratio("headrace_probe", Word.VALID) > 5


def test_what_was_counted_can_be_kept() -> None:
    rates = Rates().observe("vendor", Word.VALID, exists=1.0).observe("vendor", Word.INVALID, exists=0.0)
    kept = msgspec.json.decode(
        msgspec.json.encode(rates.counts), type=dict[str, dict[str, tuple[float, float]]]
    )
    assert Rates(kept).row("vendor", Word.VALID) == rates.row("vendor", Word.VALID)
