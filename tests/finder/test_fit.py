"""How well an address fits its domain: the quick way agrees with the thorough one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.finder.fit import Habit, _pattern
from headrace.finder.learning import Knowledge
from headrace.finder.patterns import candidates, pattern_of

_NAMES = st.sampled_from(["Mary", "Jones", "Ada", "Love", "Tim", "Stone", "Kim", "Ng"])


def learned(*locals_: str) -> Knowledge:
    knowledge = Knowledge()
    for local in locals_:
        knowledge = knowledge.learn("Ada", "Love", local, 1.0, 1000.0, "com")
    return knowledge


@given(_NAMES, _NAMES)
def test_a_plain_names_pattern_is_one_that_explains_it(first: str, last: str) -> None:
    if first == last:
        return
    for each in candidates(first, last, "acme.com", limit=20):
        pattern = _pattern(first.lower(), last.lower(), each.local)
        assert pattern is None or pattern in pattern_of(first, last, each.local), each


@pytest.mark.parametrize(
    ("local", "pattern"),
    [
        ("mary.jones", "first.last"), ("mjones", "flast"), ("mary", "first"), ("m.jones", "f.last"),
        ("maryjones", "firstlast"), ("mary_jones", "first_last"), ("jones", "last"), ("maryj", "firstl"),
        ("jones.mary", "last.first"), ("jonesm", "lastf"), ("mary-jones", "first-last"),
        ("mary.j", "first.l"),
        ("x", None), ("mary.x.jones", None), ("mary.", None), ("", None),
    ],
)  # fmt: skip
def test_every_common_pattern_is_seen(local: str, pattern: str | None) -> None:
    assert _pattern("mary", "jones", local) == pattern


def test_habits_raise_what_follows_them_and_lower_the_rest() -> None:
    habit = Habit("acme.com", learned(*["ada.love"] * 4))
    assert habit.fit("Mary", "Jones", "mary.jones") > 1.5
    assert habit.fit("Mary", "Jones", "mjones") < 0.7
    assert habit.fit("Mary", "Jones", "x9") < 0.7
    assert habit.fit("Jean-Luc", "Picard", "jlp") == 1.0
    assert Habit("acme.com", Knowledge()).fit("Mary", "Jones", "mjones") == pytest.approx(1.0)
    assert Habit("acme.com", Knowledge()).fit("Mary", "Jones", "x9") == pytest.approx(1.0)


def test_where_nothing_has_a_pattern_that_is_the_habit() -> None:
    assert Habit("acme.com", learned(*["k7"] * 4)).fit("Mary", "Jones", "x9") > 5
