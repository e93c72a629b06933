"""Several ways of making one answer of many verdicts, learned on one half and scored on the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.truth_votes import Votes
from bench.truth_world import Case
from headrace.finder.calibration import Calibration, brier, expected_error, fit
from headrace.finder.combine import Combined, Evidence, combine, of_verdict, prior
from headrace.finder.rates import Rates, Word

EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """How one way did. "Exists" is said from one half on; `brier` and `error` (expected calibration error) are
    known of ways that state probabilities."""

    name: str
    accuracy: float
    precision: float
    recall: float
    brier: float | None = None
    error: float | None = None


class Speech:
    """What is said about a case, as evidence. `more` adds the name's pattern and who has the address on file."""

    def __init__(self, votes: Votes, more: bool) -> None:
        self._votes = votes
        self._more = more

    def evidence(self, case: Case) -> list[Evidence]:
        said = [
            piece
            for source, about in self._votes.items()
            for piece in of_verdict(source, about[case.address])
        ]
        if self._more:
            said += [Evidence(f"{name} on file", Word.FOUND, "found", name) for name in case.finders]
        return said

    def prior(self, case: Case) -> float:
        return prior(case.guessed) if self._more else EVEN

    def learn(self, cases: Sequence[Case], finders: Sequence[str]) -> Rates:
        """One word of each source on each case: counting a second one would thin out the first."""
        heard: list[tuple[str, Word, float, bool, float]] = []
        for case in cases:
            pieces = self.evidence(case)
            accept_all = any(piece.said is Word.CATCH_ALL for piece in pieces)
            first = {piece.source: piece.said for piece in reversed(pieces)}
            silent = {f"{name} on file": Word.UNKNOWN for name in finders} if self._more else {}
            for source, word in (silent | first).items():
                heard.append((source, word, float(case.exists), accept_all, 1.0))
        return Rates().observe_all(heard)


class Combination:
    """Log-odds by `rates` (the assumed ones, where none are given), then `calibration` if there is one."""

    def __init__(
        self, speech: Speech, rates: Rates | None = None, calibration: Calibration | None = None
    ) -> None:
        self._speech = speech
        self._rates = rates
        self._calibration = calibration

    def judge(self, case: Case) -> Combined:
        evidence, before = self._speech.evidence(case), self._speech.prior(case)
        return combine(evidence, before, self._rates, calibration=self._calibration)

    def state(self, cases: Sequence[Case]) -> list[float]:
        """The probability that each exists."""
        return [self.judge(case).exists for case in cases]


def learned(speech: Speech, cases: Sequence[Case]) -> tuple[Combination, Combination]:
    """By the rates of these cases; and the same with a calibration by these cases."""
    finders = sorted({name for case in cases for name in case.finders})
    rates = speech.learn(cases, finders)
    plain = Combination(speech, rates)
    calibration = fit(plain.state(cases), [case.exists for case in cases])
    return plain, Combination(speech, rates, calibration)


def of_combination(name: str, parts: Sequence[tuple[Combination, Sequence[Case]]]) -> Score:
    """`parts`: each combination with the cases that it judges."""
    stated = [probability for combination, cases in parts for probability in combination.state(cases)]
    truths = [case.exists for _, cases in parts for case in cases]
    decided = _decided(name, [p >= EVEN for p in stated], truths)
    return Score(
        name,
        decided.accuracy,
        decided.precision,
        decided.recall,
        brier(stated, truths),
        expected_error(stated, truths),
    )


def of_votes(
    name: str, votes: Votes, parts: Sequence[tuple[bool, Sequence[Case]]], files: bool = False
) -> Score:
    """More yes than no. `parts`: what is said where they are even or nobody speaks, and the cases. One verifier
    is a majority too. `files`: who has the address on file votes yes."""
    said, truths = [], []
    for commoner, cases in parts:
        for case in cases:
            yes = sum(
                _vote(of_verdict(source, about[case.address])[0].said) for source, about in votes.items()
            )
            yes += len(case.finders) if files else 0
            said.append(yes > 0 or (yes == 0 and commoner))
            truths.append(case.exists)
    return _decided(name, said, truths)


def _vote(word: Word) -> int:
    return {Word.VALID: 1, Word.INVALID: -1}.get(word, 0)


def _decided(name: str, said: Sequence[bool], truths: Sequence[bool]) -> Score:
    right = sum(yes and truth for yes, truth in zip(said, truths, strict=True))
    agreed = sum(yes == truth for yes, truth in zip(said, truths, strict=True))
    return Score(name, agreed / len(said), right / max(1, sum(said)), right / max(1, sum(truths)))
