"""How probable it is that a found work e-mail exists, by all that was said about it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from headrace.domain.model import Attempt, Field, Grade, Result, Verdict
from headrace.finder.combine import Evidence, combine, of_verdict
from headrace.finder.rates import Word


def with_confidence(results: Mapping[Field, Result], attempts: Sequence[Attempt]) -> dict[Field, Result]:
    """The same results; that of the work e-mail with its confidence, where one was found."""
    known = dict(results)
    email = known.get(Field.EMAIL)
    if email and email.found:
        pieces = list(_evidence(email, attempts))
        known[Field.EMAIL] = replace(email, confidence=round(combine(pieces).exists, 4))
    return known


def _evidence(result: Result, attempts: Iterable[Attempt]) -> Iterator[Evidence]:
    """What each attempt said of the address. Who guessed it has not said that it exists."""
    accept_all = bool(result.verdict and result.verdict.accept_all)
    for attempt in attempts:
        about = attempt.field is Field.EMAIL and result.values[0] in attempt.values
        if not about or attempt.outcome != "found":
            continue
        if attempt.verdict:
            grade = Grade(attempt.verdict)
            verdict = Verdict(grade, attempt.reason or grade, accept_all and grade is not Grade.INVALID)
            yield from of_verdict(attempt.provider, verdict)
        elif attempt.kind == "find" and attempt.reason != "guessed":
            yield Evidence(attempt.provider, Word.FOUND, "found")
