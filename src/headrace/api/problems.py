"""Every error in the one documented envelope, whoever raised it."""

import traceback

import msgspec
import structlog
from litestar import MediaType, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from headrace.api.schemas import ProblemBody
from headrace.api.services import AnyRequest
from headrace.domain.errors import Problem

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


def envelope(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """The problem as a response."""
    status = problem.kind.status
    body = ProblemBody(status, problem.message, problem.code)
    extra = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return Response(
        _encode(body), status_code=status, media_type=MediaType.JSON, headers={**(headers or {}), **extra}
    )


def from_problem(request: AnyRequest, problem: Problem) -> Response[bytes]:
    headers = {}
    if problem.code == "rate_limited":
        limits = request.app.state["services"].limits
        headers = limits.exhausted().headers()
    return envelope(problem, headers)


def from_http_exception(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """The framework's own refusals, in our words."""
    if isinstance(error, NotFoundException):
        return envelope(Problem("not_found", detail="There is nothing at this path"))
    if isinstance(error, MethodNotAllowedException):
        return envelope(Problem("method_not_allowed", method=request.method), dict(error.headers or {}))
    if error.status_code < 500:
        return envelope(Problem("bad_request", detail="The request could not be understood"))
    return from_bug(request, error)


def from_bug(_request: AnyRequest, error: Exception) -> Response[bytes]:
    """Nothing of the exception but its place is logged: its text may hold personal data."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    log.error("unhandled_error", error=type(error).__name__, at=place)
    return envelope(Problem("internal_error"))


HANDLERS = {Problem: from_problem, HTTPException: from_http_exception, Exception: from_bug}
