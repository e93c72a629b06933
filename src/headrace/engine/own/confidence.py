"""How probable it is that a found work e-mail exists, by all that was said about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from headrace.domain.model import Attempt, Contact, Field, Grade, Result, Verdict
from headrace.domain.trace import DOMAIN_FROM_COMPANY, GUESSED
from headrace.engine.own.habits import Habits
from headrace.engine.own.reputation import Reputation
from headrace.finder.combine import Evidence, chance, of_verdict
from headrace.finder.rates import Word, finds

_GUESSES = (GUESSED, DOMAIN_FROM_COMPANY)

_UNSURE = (Grade.RISKY, Grade.CATCH_ALL)
"""Said of addresses at domains that accept everything, mostly."""


class Line(Protocol):
    """One line of the trace, as it is written or as it was kept."""

    @property
    def provider(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def verdict(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def values(self) -> tuple[str, ...]: ...


class Confidence:
    """States it, and lets every enrichment teach how far its sources can be trusted."""

    def __init__(self, reputation: Reputation, habits: Habits) -> None:
        self._reputation = reputation
        self._habits = habits

    def weigh(
        self, results: Mapping[Field, Result], attempts: Sequence[Attempt], contact: Contact
    ) -> dict[Field, Result]:
        """The same results; that of the work e-mail with its confidence, where one was found."""
        known = dict(results)
        lines = [line for line in attempts if line.field is Field.EMAIL and line.outcome == "found"]
        email = known.get(Field.EMAIL)
        if email and email.found:
            said = self.evidence(email.values[0], lines, bool(email.verdict and email.verdict.accept_all))
            guessed = email.provider is not None and is_guess(email.provider, lines)
            exists = self.state(email.values[0], said, contact, guessed=guessed)
            calibration = self._reputation.calibration
            exists = calibration.apply(exists) if calibration else exists
            known[Field.EMAIL] = replace(email, confidence=round(exists, 4))
            self._learn(email.values[0], said, lines)
        if len(lines) > 2:  # then there may be others
            self._learn_from_others(lines, email)
        return known

    def state(self, address: str, said: Sequence[Evidence], contact: Contact, *, guessed: bool) -> float:
        """The probability that the address exists, before it is calibrated."""
        before = self._habits.before(contact, address, guessed=guessed)
        return chance(said, before, self._reputation.rates)

    def evidence(self, address: str, lines: Iterable[Line], accept_all: bool) -> list[Evidence]:
        """What those that answered said of the address. Who guessed it has not said that it exists.
        `accept_all`: its domain was seen to accept everything."""
        return [
            piece
            for line in lines
            if address in line.values and line.reason not in _GUESSES
            for piece in _spoken(line, accept_all, self._reputation.family(line.provider))
        ]

    def _learn_from_others(self, lines: Sequence[Attempt], email: Result | None) -> None:
        """From addresses that were judged and not taken."""
        taken = email.values[0] if email and email.found else None
        judged = {line.values[0] for line in lines if line.kind == "verify" and line.values}
        for address in judged - {taken}:
            unsure = any(line.verdict in _UNSURE for line in lines if address in line.values)
            self._learn(address, self.evidence(address, lines, accept_all=unsure), lines)

    def _learn(self, address: str, said: Sequence[Evidence], lines: Iterable[Attempt]) -> None:
        if len(said) < 2:  # nobody is left to learn from
            return
        old = {_source(line) for line in lines if line.timing.reused or line.timing.shared}
        self._reputation.hear(address, said, {piece.source for piece in said} - old)


def is_guess(provider: str, lines: Iterable[Line]) -> bool:
    """Whether what this provider gave was a guess."""
    return any(line.reason in _GUESSES and line.provider == provider for line in lines)


def _spoken(line: Line, accept_all: bool, family: str) -> Iterator[Evidence]:
    source = _source(line)
    if line.verdict:
        grade = Grade(line.verdict)
        verdict = Verdict(grade, line.reason or grade, accept_all and grade is not Grade.INVALID)
        yield from of_verdict(source, verdict, family)
    elif line.kind == "find":
        yield Evidence(source, Word.FOUND, "found", family)


def _source(line: Line) -> str:
    return line.provider if line.kind == "verify" else finds(line.provider)
