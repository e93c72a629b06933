"""The endpoint that is asked all the time is served by its function alone. What the framework does on the way
there costs a part of each answer's time, and memory for as long as the answer is waited for."""

from collections.abc import Awaitable, Callable, Mapping

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from headrace.api.problems import told

Shortcuts = Mapping[tuple[object, object], ASGIApp]
"""By method and path."""


def straight(app: Litestar, *handlers: HTTPRouteHandler) -> Shortcuts:
    """The ways past `app`. These handlers take the request and nothing else, have no parameters in their
    paths, and answer with a response that is ready to be sent."""
    return {
        (method, path): _alone(app, handler.fn)
        for handler in handlers
        for path in handler.paths
        for method in handler.http_methods
    }


def _alone(app: Litestar, function: Callable[..., Awaitable[ASGIApp]]) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        scope["litestar_app"] = app
        request = Request(scope, receive, send)  # type: ignore[var-annotated]
        try:
            answer = await function(request)
        except Exception as error:
            answer = told(request, error)
        await answer(scope, receive, send)

    return serve
