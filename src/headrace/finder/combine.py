"""All evidence about an address -> the probability that its mailbox exists, and a verdict with its reason.

Every word of a source moves the log-odds by how often that source is right (`rates`). Sources that resell one
upstream are not independent: of one family the strongest word counts in full, the others hardly.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from msgspec import Struct

from headrace.domain.model import Grade, Thresholds, Verdict
from headrace.finder.calibration import Calibration
from headrace.finder.rates import Rates, Word

DAMPING = 0.3
"""The power to which a family's further words are raised."""

EMPLOYED = 0.92
"""That somebody who is said to work there has a mailbox there: an assumption."""


class Evidence(Struct, frozen=True):
    """What one source said. `family`: the upstream that it resells, its own name when it has none."""

    source: str
    said: Word
    reason: str
    family: str = ""


_WORDS = {
    Grade.DELIVERABLE: Word.VALID,
    Grade.CATCH_ALL: Word.VALID,
    Grade.INVALID: Word.INVALID,
    Grade.RISKY: Word.RISKY,  # or that its domain accepts everything
    Grade.UNKNOWN: Word.UNKNOWN,
}
"""What a grade says."""


@dataclass(frozen=True, slots=True)
class Combined:
    """The verdict on an address. `exists`: the probability of its mailbox, 0 to 1; `bounce_probability`: of
    the opposite, `None` only where nobody could tell. `weights`: how far each piece of evidence moved the
    log-odds, in their order."""

    verdict: Verdict
    exists: float
    bounce_probability: float | None
    weights: tuple[tuple[Evidence, float], ...]


def prior(pattern_probability: float, employed: float = EMPLOYED) -> float:
    """That a guessed address exists, from what is known of its domain. Never near enough to 0 or 1 that a
    verifier could not speak against it."""
    return min(max(pattern_probability * employed, 0.05), 0.97)


def neutral(fit: float = 1.0) -> float:
    """That an address exists of which nothing else is known: as likely as not, unless the habits of its
    domain make it likelier by the factor `fit` (see `Habit.fit`)."""
    return min(max(fit / (1.0 + fit), 0.05), 0.97)


def of_verdict(source: str, verdict: Verdict, family: str = "") -> tuple[Evidence, ...]:
    """A vendor's verdict as evidence. That the domain accepts everything is a piece of its own."""
    accept_all = verdict.accept_all or verdict.grade is Grade.CATCH_ALL
    word = _WORDS[verdict.grade]
    if word is Word.RISKY and accept_all:
        word = Word.CATCH_ALL
    first = Evidence(source, word, verdict.reason, family)
    if accept_all and word is not Word.CATCH_ALL:
        return first, Evidence(source, Word.CATCH_ALL, verdict.reason, family)
    return (first,)


def combine(
    evidence: Sequence[Evidence],
    prior: float = 0.5,
    rates: Rates | None = None,
    thresholds: Thresholds | None = None,
    calibration: Calibration | None = None,
) -> Combined:
    """Weighs all that is known about one address. `prior`: that it exists, before anybody was asked."""
    accept_all, moved = _moved(evidence, rates or Rates())
    exists = _exists(moved, prior, calibration)
    verdict = _verdict(evidence, moved, exists, accept_all, thresholds or Thresholds())
    bounce = None if verdict.grade is Grade.UNKNOWN else 1.0 - exists
    return Combined(verdict, exists, bounce, tuple(zip(evidence, moved, strict=True)))


def chance(
    evidence: Sequence[Evidence], prior: float, rates: Rates, calibration: Calibration | None = None
) -> float:
    """That the mailbox exists, where nobody needs a verdict: what `combine` says, in a third of the time."""
    return _exists(_moved(evidence, rates)[1], prior, calibration)


def _moved(evidence: Sequence[Evidence], rates: Rates) -> tuple[bool, list[float]]:
    """Whether the domain accepts everything, and how far each piece moves the log-odds."""
    accept_all = Word.CATCH_ALL in [piece.said for piece in evidence]
    ratios = [rates.log_ratio(piece.source, piece.said, accept_all) for piece in evidence]
    if len(ratios) < 2:
        return accept_all, ratios
    return accept_all, dampened(ratios, [piece.family or piece.source for piece in evidence])


def _exists(moved: Sequence[float], prior: float, calibration: Calibration | None) -> float:
    exists = probability(log(prior / (1.0 - prior)) + sum(moved))
    return calibration.apply(exists) if calibration else exists


def dampened(ratios: Sequence[float], families: Iterable[str]) -> list[float]:
    """Log-ratios such that each family speaks once: its strongest in full, the others raised to `DAMPING`."""
    strongest: dict[str, int] = {}
    members = list(families)
    for at, family in enumerate(members):
        if family not in strongest or abs(ratios[at]) > abs(ratios[strongest[family]]):
            strongest[family] = at
    return [
        ratio if strongest[family] == at else ratio * DAMPING
        for at, (ratio, family) in enumerate(zip(ratios, members, strict=True))
    ]


def probability(log_odds: float) -> float:
    """0 to 1, from log-odds of any size."""
    return 1.0 / (1.0 + exp(-log_odds)) if log_odds > -700.0 else 0.0


def _verdict(
    evidence: Sequence[Evidence], moved: Sequence[float], exists: float, accept_all: bool, at: Thresholds
) -> Verdict:
    reasons = _strongest(evidence, moved)
    if exists <= at.invalid and Word.INVALID in reasons:
        return Verdict(Grade.INVALID, reasons[Word.INVALID], accept_all)
    if Word.RISKY in reasons:
        return Verdict(Grade.RISKY, reasons[Word.RISKY], accept_all)
    if accept_all:
        return _where_all_is_accepted(reasons, exists, at)
    if Word.VALID in reasons and exists >= at.deliverable:
        return Verdict(Grade.DELIVERABLE, reasons[Word.VALID])
    if Word.VALID in reasons or Word.INVALID in reasons:
        both = Word.VALID in reasons and Word.INVALID in reasons
        return Verdict(Grade.RISKY, "verifiers_disagree" if both else "weak_evidence")
    return Verdict(Grade.UNKNOWN, reasons.get(Word.UNKNOWN, "not_verified"))


def _where_all_is_accepted(reasons: Mapping[Word, str], exists: float, at: Thresholds) -> Verdict:
    """There a mailbox is confirmed only by a source that knows it from elsewhere."""
    confirmed = reasons.get(Word.VALID) or reasons.get(Word.FOUND)
    if confirmed and exists >= at.catch_all:
        return Verdict(Grade.CATCH_ALL, confirmed, accept_all=True)
    return Verdict(Grade.RISKY, reasons[Word.CATCH_ALL], accept_all=True)


def _strongest(evidence: Sequence[Evidence], moved: Sequence[float]) -> dict[Word, str]:
    """The reason of the weightiest piece of evidence for each word that was said."""
    said: dict[Word, list[tuple[float, str]]] = defaultdict(list)
    for piece, ratio in zip(evidence, moved, strict=True):
        said[piece.said].append((abs(ratio), piece.reason))
    return {word: max(pieces, key=lambda piece: piece[0])[1] for word, pieces in said.items()}
