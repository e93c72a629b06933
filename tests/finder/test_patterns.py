"""Candidates: what holds for every name, and what a known address tells."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.domain import normalize
from headrace.finder import prior
from headrace.finder.learning import Knowledge
from headrace.finder.patterns import candidates, pattern_of
from headrace.finder.plans import template

FIRST_WORDS = (
    "Dr.",
    "Anna-Maria",
    "'",
    "van",
    "O'Hara",
    "de",
    "(Bob)",
    "Smith,",
    "Jr.",
    "é",
    "ü",
    "Юля",
    "-",
    "m'",
)
LAST_WORDS = (
    "von",
    "der",
    "Müller-Lüd",
    "d'",
    "la",
    "García",
    "y",
    "Vega",
    "'t",
    "PhD",
    "ò'x",
    "--",
    "..",
    "J.",
)
DOMAINS = st.sampled_from(
    ["acme.com", "acme.fr", "firma.de", "acme.nl", "acme.es", "acme.br", "acme.ru", "a.gr"]
)


@given(st.text(max_size=30), st.text(max_size=30), DOMAINS)
@settings(max_examples=400, deadline=None)
def test_whatever_is_typed(first: str, last: str, domain: str) -> None:
    found = candidates(first, last, domain)
    shares = [candidate.probability for candidate in found]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.0 + 1e-9
    assert len({candidate.email for candidate in found}) == len(found) <= 10
    for candidate in found:
        assert normalize.address(candidate.email) == candidate.email
        assert 0.0 < candidate.probability <= 1.0


@given(st.text("do'’-. e", max_size=8), st.text("do'’-. e", max_size=8), DOMAINS)
@settings(max_examples=400, deadline=None)
def test_apostrophes_hyphens_and_full_stops_anywhere(first: str, last: str, domain: str) -> None:
    for candidate in candidates(first, last, domain):
        assert normalize.address(candidate.email) == candidate.email
    Knowledge().learn(first, last, "d.oe", 1.0, 1000.0)


@pytest.mark.parametrize("last", ["Doe-''", "D''", "O’’", "''-''", "d'-o'"])
def test_an_apostrophe_with_nothing_to_it_is_no_part_of_a_name(last: str) -> None:
    assert candidates("Jane", last, "acme.com")


@given(
    st.lists(st.sampled_from(FIRST_WORDS), max_size=8),
    st.lists(st.sampled_from(LAST_WORDS), max_size=8),
    DOMAINS,
)
@settings(max_examples=400, deadline=None)
def test_words_in_any_order(first: list[str], last: list[str], domain: str) -> None:
    for candidate in candidates(" ".join(first), " ".join(last), domain):
        assert normalize.address(candidate.email) == candidate.email


def test_the_limit_is_kept_and_changes_no_order() -> None:
    ten = candidates("Jörg", "Müller", "firma.de")
    assert [candidate.email for candidate in candidates("Jörg", "Müller", "firma.de", limit=3)] == [
        candidate.email for candidate in ten[:3]
    ]
    assert len(ten) == 10
    assert len(candidates("Jörg", "Müller", "firma.de", limit=25)) > 15


@pytest.mark.parametrize("country", ["com", "fr", "de", "hu", "us", "nowhere"])
@pytest.mark.parametrize("middle", [False, True])
def test_the_prior_is_a_distribution_of_patterns_that_can_be_written(country: str, middle: bool) -> None:
    shares = prior.patterns(country, "simple", middle)
    assert sum(share for _, share in shares) == pytest.approx(1.0)
    assert all(template(pattern) for pattern, _ in shares)


def test_without_a_country_the_prior_is_the_published_one() -> None:
    shares = dict(prior.patterns("com", "simple", False))
    assert shares["first.last"] == pytest.approx(0.42)
    assert shares["flast"] == pytest.approx(0.20)
    assert shares["first"] == pytest.approx(0.16)


def test_the_reason_says_what_it_rests_on() -> None:
    assert candidates("Ada", "Reed", "acme.com")[0].reason == "assumed for .com"
    written = candidates("Jörg", "von Berg", "firma.de")[0]
    assert written.reason == "assumed for .de; umlaut long; german joined"
    knowledge = Knowledge().learn("Ada", "Reed", "areed", 1.0, 0.0).learn("Tim", "Holt", "tholt", 1.0, 0.0)
    assert candidates("Una", "Frost", "acme.com", knowledge)[0].reason == "learned from 2 addresses here"


@pytest.mark.parametrize(
    ("first", "last", "local", "patterns"),
    [
        ("Ada", "Reed", "ada.reed", {"first.last"}),
        ("Ada", "Reed", "areed", {"flast"}),
        ("Ada", "Reed", "ADA_Reed", {"first_last"}),
        ("Ada", "Reed", "reed.ada", {"last.first"}),
        ("Ada", "Reed", "ada.reed2", {"first.last"}),
        ("Ada", "Reed", "ada.reed+news", {"first.last"}),
        ("Ada", "Reed", "x7k2", set()),
        ("Ada", "Reed", "", set()),
        ("Al", "Al", "al", {"first", "last"}),
        ("A", "Reed", "areed", {"flast"}),
        ("Ellen M.", "Gray", "ellen.m.gray", {"first.m.last"}),
        ("Robert", "Hill", "bob.hill", {"first.last"}),
        ("Jörg", "Müller", "jmuller", {"flast"}),
        ("Jörg", "Müller", "jmueller", {"flast"}),
        ("Jean-Pierre", "Roy", "jproy", {"flast", "firstlast"}),
        ("Bas", "van den Berg", "b.berg", {"f.last"}),
        ("Bas", "van den Berg", "bas.van.den.berg", {"first.last"}),
        ("", "", "someone", set()),
    ],
)
def test_the_pattern_of_a_known_address(first: str, last: str, local: str, patterns: set[str]) -> None:
    assert pattern_of(first, last, local) == patterns


def test_a_local_part_that_is_too_long_is_none() -> None:
    found = candidates("Wolfeschlegelstein" * 2, "Hausenbergerdorff" * 2, "acme.com")
    assert found
    assert all(len(candidate.local) <= 64 for candidate in found)
