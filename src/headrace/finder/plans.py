"""A plan says, for every name of one kind, which parts make up its likely addresses: names only fill it in.

Working out how likely each combination is takes far longer than writing it down, and there are few kinds.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, Protocol

from headrace.finder.names import Shape
from headrace.finder.prior import Shares, labels
from headrace.finder.ways import SEPARATORS

_PATTERN = re.compile(r"(first|last|f|l)(?:([._-]?)(m?)([._-]?)(first|last|f|l))?")


class Kind(NamedTuple):
    """What two names must have in common to share a plan: which parts there are, and in how many ways."""

    shape: Shape
    middle: bool
    first: str
    firsts: int
    f: str
    fs: int
    last: str
    lasts: int


class Line(NamedTuple):
    """One combination. `left`, `right`: places among the texts of first, f, last, l and "", in this order;
    `glue`: among the separators, then the separators around the middle initial. `choices`: the habits that
    it follows, as (axis, label)."""

    share: float
    left: int
    glue: int
    right: int
    pattern: str
    choices: tuple[tuple[str, str], ...]
    note: str


Plan = tuple[Line, ...]
"""Likeliest first."""


class Likelihoods(Protocol):
    """What is held about a domain: see `learning`."""

    country: str

    def patterns(self, shape: Shape, middle: bool) -> Shares: ...

    def shares(self, axis: str) -> Shares: ...

    def spelling(self, habit: str, label: str, share: float) -> float: ...

    def plan(self, kind: Kind) -> Plan: ...

    def whole_plan(self, kind: Kind) -> Plan: ...


class Template(NamedTuple):
    """A pattern, taken apart; `separator` is an index of `SEPARATORS`."""

    left: str
    separator: int
    middle: bool
    right: str


@cache
def template(pattern: str) -> Template | None:
    """`None` for a pattern that cannot be written from a name."""
    found = _PATTERN.fullmatch(pattern)
    if found is None:
        return None
    return Template(found[1], SEPARATORS.index(found[2] or ""), bool(found[3]), found[5] or "")


class _Slot(NamedTuple):
    """One text of a part: its place among all texts, how likely it is, and its label. `only_with`: the
    separator that it goes with, where it takes the address's own."""

    place: int
    share: float
    habit: str
    label: str
    only_with: int | None = None

    def goes_with(self, separator: int) -> bool:
        return self.only_with is None or self.only_with == separator


def plan(kind: Kind, beliefs: Likelihoods) -> Plan:
    """Every combination for names of this kind, with what is believed."""
    slots = _slots(kind, beliefs)
    lines = (
        line
        for pattern, share in beliefs.patterns(kind.shape, kind.middle)
        for line in _lines(pattern, share, slots)
    )
    return tuple(sorted(lines, key=lambda line: -line.share))


def _lines(pattern: str, share: float, slots: dict[str, list[_Slot]]) -> Iterator[Line]:
    written = template(pattern)
    if written is None:
        return
    glue = written.separator + (len(SEPARATORS) if written.middle else 0)
    for left in slots[written.left]:
        for right in slots[written.right]:
            if left.goes_with(written.separator) and right.goes_with(written.separator):
                choices = tuple((slot.habit, slot.label) for slot in (left, right) if slot.label)
                note = "".join(f"; {habit.partition('.')[2]} {label}" for habit, label in choices)
                chance = share * left.share * right.share
                yield Line(chance, left.place, glue, right.place, pattern, choices, note)


def _slots(kind: Kind, beliefs: Likelihoods) -> dict[str, list[_Slot]]:
    start, slots = 0, {}
    counts = {"first": kind.firsts, "f": kind.fs, "last": kind.lasts, "l": kind.lasts or 1}
    habits = {"first": kind.first, "f": kind.f, "last": kind.last, "l": kind.last}
    if kind.shape == "single":
        counts["l"] = 0
    for part, count in counts.items():
        slots[part] = list(_of_part(habits[part], count, start, beliefs))
        start += count
    return slots | {"": [_Slot(start, 1.0, "", "")]}


def _of_part(habit: str, count: int, start: int, beliefs: Likelihoods) -> Iterator[_Slot]:
    if not habit:
        yield from (_Slot(start + at, 1.0, "", "") for at in range(count))
        return
    share = dict(beliefs.shares(habit))
    place = start
    for label in labels(habit):
        if label == "separated":
            for separator in range(len(SEPARATORS)):
                yield _Slot(place + separator, share.get(label, 0.0), habit, label, separator)
            place += len(SEPARATORS)
        elif label == "nickname":
            others = range(place, start + count)
            # The first one is the commonest, the next half as common, and so on.
            whole = 2.0 - 2.0 ** (1 - len(others))
            for rank, other in enumerate(others):
                yield _Slot(other, share[label] / (whole * 2.0**rank), habit, label)
        else:
            yield _Slot(place, share.get(label, 0.0), habit, label)
            place += 1
