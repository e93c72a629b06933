"""Every error in the one documented envelope, whoever raised it."""

import msgspec
import structlog
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.response.base import ASGIResponse

from headrace.api.answers import REPLAYED, json_answer
from headrace.api.schemas import ProblemBody
from headrace.api.services import AnyRequest, services_of
from headrace.domain.errors import Problem
from headrace.logs import place_of

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


def told(request: AnyRequest, error: Exception) -> ASGIResponse:
    """What the caller is told of it."""
    if isinstance(error, Problem):
        return from_problem(request, error)
    if isinstance(error, HTTPException):
        return from_http_exception(request, error)
    return from_bug(error)


def envelope(problem: Problem, headers: dict[str, str] | None = None) -> ASGIResponse:
    """The problem as a response."""
    extra = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return json_answer(written(problem), {**(headers or {}), **extra}, problem.kind.status)


def written(problem: Problem) -> bytes:
    """The problem as the envelope's text."""
    return _encode(ProblemBody(problem.kind.status, problem.message, problem.code))


def from_problem(request: AnyRequest, problem: Problem) -> ASGIResponse:
    headers = REPLAYED if problem.repeated else {}
    if problem.code == "rate_limited":
        headers = services_of(request).limits.exhausted().headers()
    return envelope(problem, headers)


def from_http_exception(request: AnyRequest, error: HTTPException) -> ASGIResponse:
    """The framework's own refusals, in our words."""
    if isinstance(error, NotFoundException):
        return envelope(Problem("not_found", detail="There is nothing at this path"))
    if isinstance(error, MethodNotAllowedException):
        return envelope(Problem("method_not_allowed", method=request.method), dict(error.headers or {}))
    if error.status_code < 500:
        return envelope(Problem("bad_request", detail="The request could not be understood"))
    return from_bug(error)


def from_bug(error: Exception) -> ASGIResponse:
    """Nothing of the exception but its place is logged: its text may hold personal data."""
    log.error("unhandled_error", error=type(error).__name__, at=place_of(error))
    return envelope(Problem("internal_error"))
