"""`headrace worker`: queued work, in a process of its own."""

import asyncio
import signal

from headrace import logs
from headrace.cli.options import AsJson, CommandError, ConfigFile, announce, settings_from
from headrace.storage import schema
from headrace.wiring import Headrace, build


def worker(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Do queued work until a stop signal: asynchronous and bulk enrichments, webhooks."""
    settings = settings_from(config)
    logs.configure(settings.log.level, settings.log.format)
    schema.upgrade_apart(settings.database_at)
    headrace = build(settings, worker=True)
    if not headrace.enricher.finds:
        headrace.storage.close()
        raise CommandError("no provider is configured, so a worker could do nothing; add a vendor's key")
    asyncio.run(_work(headrace, as_json))


async def _work(headrace: Headrace, as_json: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        await headrace.admit()
        await headrace.start()
        announce({"working": True}, as_json, "Headrace works through its queues")
        await stopped.wait()
        headrace.drain()
    finally:
        await headrace.stop()
