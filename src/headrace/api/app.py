"""Puts the HTTP application together."""

from collections.abc import Awaitable, Callable, Sequence

from litestar import Litestar
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ASGIApp, Receive, Scope, Send

from headrace.api.cors import config_for, refusing
from headrace.api.health import healthz, metrics
from headrace.api.metrics import PrometheusMeter
from headrace.api.openapi import DOCUMENTED, docs_asset, docs_page, openapi_json
from headrace.api.problems import told
from headrace.api.routes import single_enrich
from headrace.api.services import Services
from headrace.api.straight import Shortcuts, straight

ADMIN = "/admin/v1"
"""Where operators are served."""

Lifecycle = Callable[[], Awaitable[None]]


def create_app(
    services: Services,
    meter: PrometheusMeter,
    cors_origins: Sequence[str] = (),
    on_startup: Sequence[Lifecycle] = (),
    on_shutdown: Sequence[Lifecycle] = (),
) -> ASGIApp:
    """The ASGI application."""
    cors = config_for(cors_origins) if cors_origins else None
    app = _MsgspecOnly(
        route_handlers=[*DOCUMENTED, openapi_json, docs_page, docs_asset],
        state=State({"services": services, "meter": meter}),
        openapi_config=None,
        exception_handlers={Exception: told},  # type: ignore[dict-item]
        cors_config=cors,
        logging_config=None,
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
    )
    if cors:  # nothing goes past the framework, which is who knows CORS
        return at_the_edge(refusing(app, cors), {}, sandbox=services.sandbox)
    return at_the_edge(app, straight(app, single_enrich), sandbox=services.sandbox)


def create_watch(meter: PrometheusMeter) -> ASGIApp:
    """For a process that serves nobody: is it alive, and what has it done."""
    return _MsgspecOnly(
        route_handlers=[healthz, metrics],
        state=State({"meter": meter}),
        openapi_config=None,
        exception_handlers={Exception: told},  # type: ignore[dict-item]
        logging_config=None,
    )


class _MsgspecOnly(Litestar):
    """Without the plugins for model libraries that nothing here uses, which cost 9 MB and time at start."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def at_the_edge(app: ASGIApp, shortcuts: Shortcuts, *, sandbox: bool) -> ASGIApp:
    """What concerns every request: doubled slashes are tolerated, rehearsals are labelled, what operators see
    is not kept on the way. No id holds a zero byte, which one database takes for an error."""

    # Not a coroutine itself: while thousands wait for their answers, each frame counts.
    def edge(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != ScopeType.HTTP:
            return app(scope, receive, send)
        if sandbox:
            send = _with_header(send, b"x-headrace-sandbox", b"true")
        if shortcut := shortcuts.get((scope["method"], scope["path"])):
            return shortcut(scope, receive, send)
        while "//" in scope["path"]:
            scope["path"] = scope["path"].replace("//", "/")
        if "\0" in scope["path"]:
            scope["path"] = scope["path"].replace("\0", "\ufffd")
        if scope["path"].startswith(ADMIN):
            send = _with_header(send, b"cache-control", b"no-store")
        return app(scope, receive, send)

    return edge


def _with_header(send: Send, name: bytes, value: bytes) -> Send:
    async def labelled(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0] != name]  # type: ignore[attr-defined]
            message["headers"] = [*headers, (name, value)]
        await send(message)  # type: ignore[arg-type]

    return labelled  # type: ignore[return-value]
