"""Ids sort by time and never meet."""

import itertools
import time
from types import SimpleNamespace
from uuid import RFC_4122, UUID

import pytest

from headrace.engine import ids
from headrace.engine.ids import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    for _ in range(1000):
        text = new_id()
        made = UUID(text)
        assert str(made) == text
        assert made.version == 7
        assert made.variant == RFC_4122


def test_an_id_begins_with_its_time_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    stamp = UUID(new_id()).int >> 80
    assert before <= stamp <= time.time_ns() // 1_000_000


def test_later_ids_sort_later() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)


def test_ids_go_on_where_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    made = [before, *(new_id() for _ in range(1000))]
    assert made == sorted(made)
    assert UUID(made[-1]).int >> 80 <= (UUID(before).int >> 80) + 1


def test_no_two_of_a_hundred_thousand_are_alike() -> None:
    assert len({new_id() for _ in range(100_000)}) == 100_000


def test_the_bits_that_are_left_to_chance_all_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these has a millisecond of its own: within one, only the lower bits are left to chance."""
    milliseconds = itertools.count(time.time_ns(), 1_000_000)
    monkeypatch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: next(milliseconds)))
    monkeypatch.setattr(ids, "_last", ids._last)  # what comes after this test has the right time again
    seen_set = seen_clear = 0
    for _ in range(2000):
        value = UUID(new_id()).int
        seen_set |= value
        seen_clear |= ~value
    chance = ((1 << 12) - 1) << 64 | (1 << 62) - 1
    assert seen_set & chance == chance
    assert seen_clear & chance == chance
