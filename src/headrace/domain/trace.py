"""The lines of the trace: what each question brought, for each field that it was asked for."""

from headrace.domain.model import (
    Attempt,
    AttemptKind,
    Failed,
    Field,
    Found,
    Guessed,
    Judged,
    Missing,
    Outcome,
    Skipped,
    Timing,
)
from headrace.domain.plan import Question

SUPPRESSED = "suppressed"
"""The reason in the trace where a person is left alone."""

GUESSED, DOMAIN_FROM_COMPANY = "guessed", "domain_from_company"
"""The reasons of guesses in the trace: at the request's domain, or at one that the company is known by."""


def line_of(wanted: Field, question: Question, outcome: Outcome, timing: Timing) -> Attempt:
    """One line of the trace. A call for several fields gives a line each, with what that field cost. An
    answer that came of no call of its own costs nothing."""
    kind: AttemptKind = "verify" if question.address else "find"
    line = Attempt(wanted, question.provider, kind, "failed", None, None, timing)
    match outcome:
        case Found(verdict=verdict, cost=cost):
            line.outcome, line.vendor_cost = "found", cost
            line.verdict, line.reason = (verdict.grade, verdict.reason) if verdict else (None, None)
        case Guessed(from_company=from_company):
            line.outcome, line.reason = "found", DOMAIN_FROM_COMPANY if from_company else GUESSED
        case Missing(reason=reason, cost=cost):
            line.outcome, line.reason, line.vendor_cost = "missing", reason, cost
        case Judged(verdict=verdict, cost=cost):
            line.outcome, line.vendor_cost = "found", cost
            line.verdict, line.reason = verdict.grade, verdict.reason
        case Failed(code=code):
            line.reason = code
        case Skipped(reason=reason):
            line.outcome, line.reason = "skipped", reason
    if timing.shared or timing.reused:
        line.vendor_cost = 0.0
    return line


def withhold(attempt: Attempt) -> None:
    """Keep of an attempt what it cost and how long it took."""
    attempt.values, attempt.accepted, attempt.verdict = (), False, None
    if attempt.outcome == "found":
        attempt.outcome, attempt.reason = "missing", SUPPRESSED
