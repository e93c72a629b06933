"""A company's name in one spelling, and when a domain is taken to be the company's."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.finder.companies import MOST, Domains, fold
from headrace.finder.learning import HALF_LIFE

DAY = 86_400.0
NOW = 1_900_000_000.0

SAME = [
    ("Acme", "ACME", "  acme ", "Acme GmbH", "ACME Inc.", "Acme, Inc", "Acme S.A.S.", "acme s.à r.l."),
    ("Müller & Söhne GmbH & Co. KG", "muller-sohne", "MULLER SOHNE KG"),
    ("L\u2019Oréal S.A.", "L'Oreal", "LOREAL SA"),
    ("Ørsted A/S", "Orsted", "Ørsted AS"),
    ("Łódź Soft", "Lodz-Soft"),
    ("Straße AG", "STRASSE"),
    ("\uff21\uff23\uff2d\uff25", "acme"),
    ("Газпром", "ГАЗПРОМ"),
    ("İstanbul Ltd. Şti.", "istanbul ltd sti"),
]
DIFFERENT = [
    ("Acme", "Acme Labs"),
    ("Serenity Spa", "Serenity"),
    ("SAS", "Inc"),
    ("かき", "がき"),
    ("腾讯", "騰訊"),
    ("की", "का"),
    ("Газпром", "Gazprom"),
]


@pytest.mark.parametrize("spellings", SAME, ids=lambda one: one[0])
def test_spellings_of_one_company(spellings: tuple[str, ...]) -> None:
    assert len({fold(each) for each in spellings}) == 1
    assert fold(spellings[0])


@pytest.mark.parametrize("pair", DIFFERENT, ids=lambda pair: pair[0])
def test_two_companies(pair: tuple[str, str]) -> None:
    assert fold(pair[0]) != fold(pair[1])


@pytest.mark.parametrize("nothing", ["", "  ", "---", "&", "\u0301", "..", "\N{NO-BREAK SPACE}"])
def test_what_says_nothing(nothing: str) -> None:
    assert fold(nothing) == ""


@given(st.text(max_size=60))
def test_folding_is_done_once(name: str) -> None:
    folded = fold(name)
    assert fold(folded) == folded
    assert not any(one.isspace() for one in folded)


LATIN = st.text(
    alphabet="abcdefghijklmnopqrstuvwxyzéèüöñçåABCDEFGHIJKLMNÉÜ0123456789", min_size=1, max_size=20
)


@given(
    parts=st.lists(LATIN, min_size=1, max_size=4),
    separators=st.lists(st.sampled_from([" ", "-", ", ", " & ", "  ", "_"]), min_size=4, max_size=4),
    form=st.sampled_from(["", " GmbH", ", Inc.", " S.A.S.", " plc", " A/S"]),
)
def test_case_accents_blanks_and_punctuation_make_no_difference(
    parts: list[str], separators: list[str], form: str
) -> None:
    written = "".join(f"{separator}{part}" for separator, part in zip(separators, parts, strict=False))
    plain = " ".join(parts)
    assert fold(f"{written}{form}") == fold(f"{plain}{form}")
    assert fold(plain.upper()) == fold(plain)
    assert fold(unicodedata.normalize("NFD", plain)) == fold(plain)


def seen(*domains: str, at: float = NOW, weight: float = 1.0) -> Domains:
    known = Domains()
    for domain in domains:
        known = known.learn(domain, weight, at)
    return known


def test_one_domain_is_certain_and_none_is_not() -> None:
    assert Domains().certain() is None
    assert seen("acme.com", weight=0.9).certain() == "acme.com"


@pytest.mark.parametrize(
    ("ours", "others", "expected"), [(4, 1, "a.com"), (3, 1, None), (1, 1, None), (8, 2, "a.com")]
)
def test_of_several_only_one_that_is_clearly_ahead(ours: int, others: int, expected: str | None) -> None:
    assert seen(*["a.com"] * ours, *["b.com"] * others).certain() == expected


def test_what_was_long_ago_counts_less() -> None:
    moved = seen(*["old.com"] * 4).learn("new.com", 1.0, NOW)
    for _ in range(4):
        moved = moved.learn("new.com", 1.0, NOW + 3 * HALF_LIFE)
    assert moved.certain() == "new.com"


def test_a_second_look_within_the_day_tells_nothing_unless_it_is_another_domain() -> None:
    known = seen("a.com")
    assert known.knows("a.com", NOW + 0.9 * DAY)
    assert not known.knows("a.com", NOW + 1.1 * DAY)
    assert not known.knows("b.com", NOW)
    assert not known.learn("b.com", 1.0, NOW).knows("a.com", NOW)
    assert not Domains().knows("a.com", NOW)


@given(st.lists(st.sampled_from([f"d{number}.com" for number in range(20)]), max_size=60))
def test_however_much_is_seen_little_is_kept_and_what_is_certain_leads(domains: list[str]) -> None:
    known = seen(*domains)
    assert len(known.counts) <= MOST
    best = known.certain()
    if best:
        others = [domain for domain in known.counts if domain != best]
        assert sum(known.counts[domain] for domain in others) * 4 <= known.counts[best] + 1e-9
