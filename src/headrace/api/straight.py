"""The endpoint that is asked all the time is served by its function alone. What the framework does on the way
there costs a part of each answer's time, and memory for as long as the answer is waited for."""

from collections.abc import Awaitable, Callable, Iterable

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from headrace.api.problems import told


def straight(app: Litestar, handlers: Iterable[HTTPRouteHandler]) -> ASGIApp:
    """`app`, but with requests for `handlers` past it. They take the request and nothing else, have no
    parameters in their paths, and answer with a response that is ready to be sent."""
    functions: dict[tuple[object, object], Callable[..., Awaitable[ASGIApp]]] = {
        (method, path): handler.fn
        for handler in handlers
        for path in handler.paths
        for method in handler.http_methods
    }

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        function = functions.get((scope.get("method"), scope.get("path")))
        if function is None:
            await app(scope, receive, send)
            return
        scope["litestar_app"] = app
        request = Request(scope, receive, send)  # type: ignore[var-annotated]
        try:
            answer = await function(request)
        except Exception as error:
            answer = told(request, error)
        await answer(scope, receive, send)

    return serve
