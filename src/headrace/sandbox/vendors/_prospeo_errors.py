"""How Prospeo words its errors: a code in `error_code` today, in `message` on the legacy routes."""

from headrace.sandbox.desk import Desk
from headrace.sandbox.wire import BadInput, Request, Response, reply

LEGACY = frozenset(
    {"/email-finder", "/linkedin-email-finder", "/social-url-enrichment", "/mobile-finder", "/email-verifier"}
)


class InvalidDatapoints(BadInput):
    """Not enough is given to identify a person."""


def fail(request: Request, status: int, code: str, details: str = "") -> Response:
    """An error in the form of the route that was called."""
    if request.path in LEGACY:
        return reply({"error": True, "message": code, "details": details}, status)
    return reply({"error": True, "error_code": code}, status)


def bad_input(request: Request, problem: BadInput) -> Response:
    """The refusal of a request that cannot be used."""
    if request.path in LEGACY:
        return fail(request, 400, "INVALID_PARAM", str(problem))
    return fail(
        request, 400, "INVALID_DATAPOINTS" if isinstance(problem, InvalidDatapoints) else "INVALID_REQUEST"
    )


def rate_limited(request: Request, desk: Desk) -> Response:
    """Too many calls; there is no Retry-After, only the counters."""
    return fail(request, 429, "RATE_LIMIT_EXCEEDED" if desk.has("rate_limit_exceeded") else "RATE_LIMITED")


def headers(_desk: Desk) -> tuple[tuple[str, str], ...]:
    """The rate counters of every answer."""
    return (
        ("x-daily-request-left", "499999"),
        ("x-minute-request-left", "1799"),
        ("x-second-rate-limit", "30"),
        ("x-daily-reset-seconds", "43200"),
        ("x-minute-reset-seconds", "30"),
    )
