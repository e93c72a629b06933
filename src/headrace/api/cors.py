"""Which pages may call from a browser. It is the framework that knows CORS; only its refusal is told here."""

from collections.abc import Sequence

from litestar.config.cors import CORSConfig
from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from headrace.api.problems import envelope
from headrace.domain.errors import Problem

READABLE = [
    "Allow",
    "Idempotency-Replayed",
    "Retry-After",
    "X-Headrace-Credits-Charged",
    "X-Headrace-Credits-Remaining",
    "X-Headrace-Duration-Ms",
    "X-Headrace-Overhead-Ms",
    "X-Headrace-Sandbox",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
]
"""Headers of answers that a browser would hide from a page."""


def config_for(origins: Sequence[str]) -> CORSConfig:
    return CORSConfig(allow_origins=list(origins), expose_headers=READABLE)


def refusing(app: ASGIApp, config: CORSConfig) -> ASGIApp:
    """`app`, but a page that may not call hears so in the envelope when its browser asks beforehand."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == HttpMethod.OPTIONS:
            origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
            if origin and not config.is_origin_allowed(origin):
                refusal = Problem("bad_request", detail="Pages of this origin may not call the API")
                await envelope(refusal)(scope, receive, send)
                return
        await app(scope, receive, send)

    return serve
