"""The golden file: names that are easily got wrong, and the addresses that they must lead to."""

from pathlib import Path
from typing import NamedTuple

import pytest

from headrace.finder.patterns import candidates


class Case(NamedTuple):
    """`head`: the local parts that stand first, in order; `also`: those that must be among the ten."""

    first: str
    last: str
    domain: str
    head: list[str]
    also: list[str]


def read(line: str) -> Case:
    asked, _, expected = line.rpartition("=>")
    first, *last, domain = asked.split(" | ")
    head, _, also = expected.partition(";")
    return Case(first, " | ".join(last), domain.strip(), head.split(), also.split())


LINES = [
    line
    for line in Path(__file__).with_name("golden.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


def test_there_are_enough() -> None:
    assert len(LINES) >= 300
    assert len(set(LINES)) == len(LINES)


@pytest.mark.parametrize("line", LINES)
def test_golden(line: str) -> None:
    case = read(line)
    found = candidates(case.first, case.last, case.domain)
    locals_ = [candidate.local for candidate in found]
    assert locals_[: len(case.head)] == case.head
    assert set(case.also) <= set(locals_)
    if not case.head:
        assert found == []
    shares = [candidate.probability for candidate in found]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.0 + 1e-9
    assert len(set(locals_)) == len(locals_)
    assert all(candidate.email == f"{candidate.local}@{case.domain}" for candidate in found)
