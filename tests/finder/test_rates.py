"""How often a source is right: what is assumed, and what bounces teach."""

from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.finder.rates import Rates, Tally, Word, finds


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
    kept = msgspec.json.decode(msgspec.json.encode(rates.counts), type=dict[str, dict[str, Tally]])
    assert Rates(kept).row("vendor", Word.VALID) == rates.row("vendor", Word.VALID)


def test_shares_of_truth_mix_and_are_taken_apart_again() -> None:
    """Somebody says "valid" of 90 % of what exists and of 20 % of what is missing, and all that is known of
    each address is one of three probabilities."""
    rates = Rates().observe_all(
        ("vendor", word, exists, False, 10_000.0 * share)
        for exists in (0.9, 0.6, 0.2)
        for valid in [0.9 * exists + 0.2 * (1 - exists)]
        for word, share in ((Word.VALID, valid), (Word.INVALID, 1 - valid))
    )
    assert rates.row("vendor", Word.VALID) == pytest.approx((0.9, 0.2), abs=0.003)
    assert rates.row("vendor", Word.INVALID) == pytest.approx((0.1, 0.8), abs=0.003)


def test_where_nothing_is_known_of_the_truth_nothing_is_learned_of_the_ratio() -> None:
    assumed = Rates()
    rates = assumed.observe_all(
        ("vendor", word, 0.5, False, 1000.0 * sum(assumed.row("vendor", word)) / 2) for word in Word
    )
    for word in Word:
        assert rates.row("vendor", word) == pytest.approx(assumed.row("vendor", word), abs=0.001)


def test_of_what_a_vendor_found_itself_is_counted_how_often_it_is_right() -> None:
    rates = Rates().observe_all((finds("vendor"), Word.VALID, 1.0, False, 1.0) for _ in range(1000))
    assert rates.row(finds("vendor"), Word.VALID)[0] > 0.99
    # It says so of everything that it returns. As a rate, that would tell nothing.
    assert rates.log_ratio(finds("vendor"), Word.VALID) > Rates().log_ratio(finds("vendor"), Word.VALID) > 2
    assert rates.log_ratio("vendor", Word.VALID) == Rates().log_ratio("vendor", Word.VALID)


_WORDS = st.sampled_from(list(Word))
_SHARE = st.floats(0, 1)
_HEARD = st.lists(
    st.tuples(
        st.sampled_from(["one", "two", finds("one")]), _WORDS, _SHARE, st.booleans(), st.floats(0, 1e6)
    ),
    max_size=30,
)


@given(_HEARD)
def test_rates_stay_probabilities_whatever_was_heard(
    heard: list[tuple[str, Word, float, bool, float]],
) -> None:
    rates = Rates().observe_all(heard)
    for source, word, _, accept_all, _ in heard:
        assert all(0.0 <= share <= 1.0 for share in rates.row(source, word, accept_all))
        assert abs(rates.log_ratio(source, word, accept_all)) <= 8


@given(_HEARD, st.randoms(use_true_random=False))
def test_the_order_in_which_words_are_counted_does_not_matter(
    heard: list[tuple[str, Word, float, bool, float]], chance: Random
) -> None:
    shuffled = chance.sample(heard, len(heard))
    one, other = Rates().observe_all(heard), Rates().observe_all(shuffled)
    for source, word, _, accept_all, _ in heard:
        assert one.row(source, word, accept_all) == pytest.approx(
            other.row(source, word, accept_all), abs=1e-6
        )
