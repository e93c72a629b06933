"""The answers that the OpenAPI document describes; errors are made for it as the server makes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example

from headrace.api.body import BODY_LIMIT
from headrace.api.headers import RATE_LIMIT, REPLAYED
from headrace.api.schemas import ProblemBody
from headrace.domain.errors import Problem


@dataclass
class Answered(ResponseSpec):
    """An answer, with the names of the headers that it may carry."""

    headers: tuple[str, ...] = ()


Answers = dict[int, Answered]
"""By status."""


def answer(shape: type, description: str, *examples: Example, headers: tuple[str, ...] = ()) -> Answered:
    return Answered(
        shape,
        generate_examples=False,
        description=description,
        examples=list(examples),
        headers=headers,
    )


def refusals(*problems: Problem) -> Answers:
    """The answers to requests that end so, each problem an example under its status."""
    alike: dict[int, list[Problem]] = {}
    for problem in problems:
        alike.setdefault(problem.kind.status, []).append(problem)
    return {status: _refusal(alike[status]) for status in sorted(alike)}


def bad_requests(complaints: Iterable[str]) -> Iterator[Problem]:
    return (Problem("bad_request", detail=complaint) for complaint in complaints)


def no_json(limit: int = BODY_LIMIT) -> tuple[Problem, ...]:
    """A body that is not read. `limit`: bytes that it may have."""
    return Problem("body_too_large", limit=limit), Problem("unsupported_media_type")


def not_found(detail: str) -> Problem:
    return Problem("not_found", detail=detail)


ANYWHERE = (Problem("method_not_allowed", method="PUT"), Problem("internal_error"))
"""What every path can end with."""

KEYED = (Problem("unauthorized"), Problem("storage_unavailable", retry_after=1), *ANYWHERE)
"""The same where a key is needed, which is looked up each time."""

RATE_LIMITED = Problem("rate_limited", retry_after=1, seconds=1)
ONCE = (Problem("idempotency_key_in_use", retry_after=1), Problem("idempotency_key_reused"))
"""Where an `Idempotency-Key` may be sent."""

GATES = (
    Problem("consent_missing"),
    Problem("insufficient_credits"),
    Problem("no_providers", fields="email or phone"),
    Problem("shutting_down", retry_after=1),
)
"""What a search is refused for, whenever it is to be carried out."""

PROVIDERS_FAILED = Problem("providers_failed", retry_after=5, repeated=True)


def _refusal(alike: list[Problem]) -> Answered:
    advice = {problem.code: problem.kind.advice for problem in alike}
    return answer(
        ProblemBody,
        " ".join(f"`{code}`: {text}" for code, text in advice.items()),
        *(_example(problem) for problem in alike),
        headers=tuple(dict.fromkeys(name for problem in alike for name in _headers(problem))),
    )


def _example(problem: Problem) -> Example:
    body = {"error": problem.kind.status, "message": problem.message, "code": problem.code}
    return Example(summary=problem.message, value=body)


def _headers(problem: Problem) -> Iterator[str]:
    if problem.retry_after is not None:
        yield "Retry-After"
    if problem.repeated:
        yield REPLAYED
    if problem.code == "rate_limited":
        yield from RATE_LIMIT
    if problem.code == "method_not_allowed":
        yield "Allow"
