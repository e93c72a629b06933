"""What a domain's own addresses teach about its habits: counts, never addresses.

Each habit is a Dirichlet-multinomial: the prior counts as `STRENGTH` observations, every verified address
adds its probability of being right, a hard bounce takes away, and everything halves in `HALF_LIFE`. A
company's several domains are learned one by one: they often differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import get_args

from headrace.finder import prior
from headrace.finder.forms import Form, explain
from headrace.finder.names import Shape
from headrace.finder.plans import Kind, Plan, plan, template
from headrace.finder.prior import Shares
from headrace.finder.ways import SEPARATORS

OTHER = "other"
"""Stands for every pattern that has no name here."""

STRENGTH = 5.0
HALF_LIFE = 18 * 30.44 * 86_400
"""In seconds: eighteen months."""

_DAY = 86_400.0
_HEAD = 100
"""Lines of a plan that are kept: more than any list of candidates needs."""

_LEAST = 0.02
"""The share of its prior that a label keeps, however often it bounced: companies change their habits."""

Counts = Mapping[str, Mapping[str, float]]
"""Observations by axis (such as `pattern.simple`, `family.dutch`) and label."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What is known about one domain: plain counts, as of `at` (seconds since 1970), fit for storing as JSON.

    Not to be changed in place: what follows from it is worked out once.
    """

    counts: Counts = field(default_factory=dict)
    at: float = 0.0

    def learn(
        self, first: str, last: str, local: str, weight: float, at: float, country: str = ""
    ) -> "Knowledge":
        """With one more known address. `weight`: how probably it is right (0 to 1), less when it was not.

        What the local part shows is shared among the forms that explain it; one that nothing explains counts
        against every pattern.
        """
        forms = explain(first, last, local, beliefs(country))
        if len(forms) > 1:  # only then does it matter how likely each is
            forms = explain(first, last, local, Beliefs(country, self, at))
        total = sum(form.share for form in forms)
        counts = {axis: dict(labels) for axis, labels in self.as_of(at).items()}
        worth = weight * _decay(self.at - at)
        if not total:
            _add(counts, _pattern_axis("simple"), OTHER, worth)
        for form in forms:
            part = worth * (form.share / total if total else 0.0)
            for axis, label in _shown(form):
                _add(counts, axis, label, part)
        return Knowledge(counts, max(at, self.at))

    def forget(
        self, first: str, last: str, local: str, weight: float, at: float, country: str = ""
    ) -> "Knowledge":
        """After a hard bounce of an address that was believed with `weight`."""
        return self.learn(first, last, local, -weight, at, country)

    def as_of(self, at: float) -> Counts:
        """The counts as they have faded until `at`; earlier times change nothing."""
        fade = _decay(at - self.at)
        if fade == 1.0:
            return self.counts
        return {
            axis: {label: count * fade for label, count in labels.items()}
            for axis, labels in self.counts.items()
        }

    def seen(self, at: float | None = None) -> float:
        """How many addresses this rests on, faded and weighted."""
        counts = self.as_of(self.at if at is None else at)
        return sum(
            max(0.0, count)
            for axis, labels in counts.items()
            if axis.startswith("pattern.")
            for count in labels.values()
        )

    def probabilities(
        self, at: float, shape: Shape = "simple", country: str = "", middle: bool = False
    ) -> dict[str, float]:
        """How likely each pattern is for a name of this shape, likeliest first; they add up to 1."""
        return dict(Beliefs(country, self, at).patterns(shape, middle))


class Beliefs:
    """The prior of a country, with what one domain has taught since."""

    def __init__(self, country: str, knowledge: Knowledge | None = None, at: float | None = None) -> None:
        self.country = country
        known = knowledge is not None and bool(knowledge.counts)
        self._plans: dict[Kind, Plan] = {}
        self._counts: Counts = (
            knowledge.as_of(knowledge.at if at is None else at) if known and knowledge else {}
        )

    def patterns(self, shape: Shape, middle: bool) -> Shares:
        """What other shapes taught is where this shape begins."""
        assumed = prior.patterns(self.country, shape, middle)
        if not self._counts:
            return assumed
        if shape != "single":
            elsewhere: dict[str, float] = {}
            for other in get_args(Shape):
                if other not in (shape, "single"):
                    _pour(elsewhere, self._counts.get(_pattern_axis(other), {}), middle)
            assumed = _posterior(assumed, elsewhere)
        here: dict[str, float] = {}
        _pour(here, self._counts.get(_pattern_axis(shape), {}), middle)
        return _posterior(assumed, here)

    def shares(self, axis: str) -> Shares:
        assumed = prior.shares(axis, self.country)
        counts = self._counts.get(axis)
        return _posterior(assumed, counts) if counts else assumed

    def plan(self, kind: Kind) -> Plan:
        """The likeliest lines, worked out once."""
        known = self._plans.get(kind)
        if known is None:
            known = self._plans[kind] = self.whole_plan(kind)[:_HEAD]
        return known

    def whole_plan(self, kind: Kind) -> Plan:
        return plan(kind, self) if self._counts else _assumed_plan(self.country, kind)

    def spelling(self, habit: str, label: str, share: float) -> float:
        """How likely one of two spellings is."""
        counts = self._counts.get(f"spelling.{habit}") if habit else None
        if not counts:
            return share
        other = {f"not {label}": sum(count for name, count in counts.items() if name != label)}
        return dict(
            _posterior(((label, share), (f"not {label}", 1 - share)), {label: counts.get(label, 0.0)} | other)
        )[label]


def beliefs(country: str, knowledge: Knowledge | None = None, at: float | None = None) -> Beliefs:
    """The beliefs about a domain; asked again for the same knowledge on the same day, they are ready."""
    if knowledge is None:
        return _assumed(country)
    return _learned(country, knowledge, None if at is None else at // _DAY * _DAY)


@lru_cache(maxsize=128)
def _assumed_plan(country: str, kind: Kind) -> Plan:
    return plan(kind, Beliefs(country))


_assumed = lru_cache(maxsize=128)(Beliefs)
_learned = lru_cache(maxsize=64)(Beliefs)


def _posterior(assumed: Shares, counts: Mapping[str, float]) -> Shares:
    if not counts:
        return assumed
    weights = {label: STRENGTH * share for label, share in assumed}
    for label, count in counts.items():
        base = weights.get(label, 0.0)
        weights[label] = max(base + count, base * _LEAST)
    total = sum(weights.values())
    return tuple(
        sorted(((label, weight / total) for label, weight in weights.items()), key=lambda it: -it[1])
    )


def _pour(into: dict[str, float], counts: Mapping[str, float], middle: bool) -> None:
    for label, count in counts.items():
        name = label if middle else _without_middle(label)
        into[name] = into.get(name, 0.0) + count


@cache
def _without_middle(pattern: str) -> str:
    """What those without a middle name get where the others' stands in the address."""
    parts = template(pattern)
    if parts is None or not parts.middle:
        return pattern
    return f"{parts.left}{SEPARATORS[parts.separator]}{parts.right}"


def _shown(form: Form) -> Iterator[tuple[str, str]]:
    """The (axis, label) pairs that an address of this form speaks for."""
    yield _pattern_axis(form.shape), form.line.pattern
    yield from form.line.choices
    if form.spelling.habit:
        yield f"spelling.{form.spelling.habit}", form.spelling.label


def _add(counts: dict[str, dict[str, float]], axis: str, label: str, weight: float) -> None:
    labels = counts.setdefault(axis, {})
    # Never far below nothing: three bounces of long ago must not outweigh what is seen today.
    labels[label] = max(labels.get(label, 0.0) + weight, -STRENGTH)


def _pattern_axis(shape: Shape) -> str:
    return f"pattern.{shape}"


def _decay(seconds: float) -> float:
    fade: float = 0.5 ** (max(0.0, seconds) / HALF_LIFE)
    return fade
