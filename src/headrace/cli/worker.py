"""`headrace worker`: queued work, in a process of its own."""

import asyncio
import signal
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from headrace import logs
from headrace.api.app import create_watch
from headrace.cli.background import BackgroundServer
from headrace.cli.options import AsJson, CommandError, ConfigFile, announce, settings_from
from headrace.storage import schema
from headrace.wiring import Headrace, build


def worker(
    config: ConfigFile = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            help="Serve /metrics and /healthz here. 0 takes a free one. Default: nothing is served."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Where that is served.")] = "127.0.0.1",
    as_json: AsJson = False,
) -> None:
    """Do queued work until a stop signal: asynchronous and bulk enrichments, webhooks."""
    settings = settings_from(config)
    logs.configure(settings.log.level, settings.log.format)
    schema.upgrade_apart(settings.database_at)
    headrace = build(settings, worker=True)
    if not headrace.enricher.finds:
        headrace.storage.close()
        raise CommandError("no provider is configured, so a worker could do nothing; add a vendor's key")
    with ExitStack() as stack:
        said: dict[str, Any] = {"working": True}
        if metrics_port is not None:
            watch = BackgroundServer(create_watch(headrace.meter), host, metrics_port)
            said["metrics_url"] = f"{stack.enter_context(watch).url}/metrics"
        asyncio.run(_work(headrace, said, as_json))


async def _work(headrace: Headrace, said: dict[str, Any], as_json: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        await headrace.admit()
        await headrace.start()
        where = f"; metrics: {said['metrics_url']}" if "metrics_url" in said else ""
        announce(said, as_json, f"Headrace works through its queues{where}")
        await stopped.wait()
        headrace.drain()
    finally:
        await headrace.stop()
