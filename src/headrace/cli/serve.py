"""`headrace serve`: the API."""

import gc
import resource
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated, Any

import typer
import uvicorn

from headrace import logs
from headrace.cli.accounts import new_account
from headrace.cli.background import AnnouncingServer, BackgroundServer, listen, server_config, url_of
from headrace.cli.options import AsJson, ConfigFile, announce, run, settings_from
from headrace.cli.sandbox import with_lab, without_lab
from headrace.config import Settings
from headrace.domain.model import REHEARSAL_ACCOUNT
from headrace.storage import schema
from headrace.storage.accounts import Settings as AccountSettings
from headrace.storage.opening import Storage
from headrace.wiring import Headrace, at_mail_lab, at_sandbox, build, has_own_mail

_SANDBOX_CREDITS = 100_000_000
_CUT_OFF = 3
"""Seconds after the drain at which requests that still run are cut off."""


def serve(
    config: ConfigFile = None,
    host: Annotated[str | None, typer.Option(help="Default: server.host, 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Default: server.port, 8080. 0 takes a free port.")] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Ask invented vendors about invented people.")
    ] = False,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Also do queued work in this process.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Serve the API until a stop signal, then finish what is in flight."""
    settings = settings_from(config)
    logs.configure(settings.log.level, settings.log.format)
    listener = listen(
        settings.server.host if host is None else host, settings.server.port if port is None else port
    )
    with ExitStack() as stack:
        announcement: dict[str, Any] = {"url": url_of(listener)}
        if sandbox:
            settings, announcement["sandbox_url"] = _rehearse(stack, settings)
        schema.upgrade_apart(settings.database_at)
        headrace = build(settings, sandbox=sandbox, worker=worker)
        run(headrace.admit)
        if sandbox:
            announcement["api_key"] = run(lambda: rehearsal_key(headrace.storage))
        _serve(headrace, listener, lambda: introduce(announcement, headrace, as_json))


def introduce(announcement: dict[str, Any], headrace: Headrace, as_json: bool) -> None:
    """Say where the server is and how to reach it."""
    url = announcement["url"]
    lines = [f"Headrace listens on {url}   (API docs: {url}/docs)"]
    if "sandbox_url" in announcement:
        lines.append(f"Sandbox vendors at  {announcement['sandbox_url']}   (people: /_world/people)")
        lines.append(f"API key             {announcement['api_key']}")
    if not headrace.vendors:
        lines.append("No provider is configured: add a key to the configuration, or use --sandbox.")
    announce(announcement, as_json, "\n".join(lines))


async def rehearsal_key(storage: Storage) -> str:
    """A ready key of the sandbox account, which is made with consent and credits on first use."""
    try:
        account = await storage.accounts.get(REHEARSAL_ACCOUNT)
    except LookupError:
        _, key = await new_account(
            storage, REHEARSAL_ACCOUNT, AccountSettings(), _SANDBOX_CREDITS, consents=True
        )
        return key
    return (await storage.accounts.add_key(account)).text


def _rehearse(stack: ExitStack, settings: Settings) -> tuple[Settings, str]:
    """Starts the sandbox for as long as `stack` holds; the settings that use it, and its URL. Mail is looked
    up and asked about there too, unless the operator said where."""
    app, lab = (without_lab(), None) if has_own_mail(settings) else with_lab()
    url = stack.enter_context(BackgroundServer(app)).url
    settings = at_sandbox(settings, url)
    if app.trouble:
        typer.echo(
            f"headrace: without mail servers to ask, which this system cannot run: {app.trouble}", err=True
        )
    elif lab:
        from headrace.sandbox.mail.settings import client_settings  # noqa: PLC0415

        settings = at_mail_lab(settings, client_settings(lab))
    return settings, url


def _serve(headrace: Headrace, listener: socket.socket, on_started: Callable[[], None]) -> None:
    _allow_many_connections()
    drain = headrace.settings.server.drain_seconds
    config = server_config(headrace.application(), grace=int(drain) + _CUT_OFF)
    _collect_less_often()
    _Draining(config, on_started, headrace).run([listener])


def _collect_less_often() -> None:
    """What was made at start stays, with next to no garbage among it; looking through it again for garbage
    with every few requests costs about a fifteenth of the CPU time (docs/performance.md)."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _allow_many_connections() -> None:
    """Every client and every vendor call is an open file; the usual limit of 1,024 is for other programs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 65_536
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, 65_536), hard))


class _Draining(AnnouncingServer):
    """Ends what is in flight soon, instead of waiting for the slowest vendor."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None], headrace: Headrace) -> None:
        super().__init__(config, on_started)
        self._headrace = headrace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._headrace.drain()
        await super().shutdown(sockets)
