"""`headrace sandbox`: the rehearsal vendors alone."""

from typing import Annotated

import typer

from headrace.cli.background import AnnouncingServer, listen, server_config, url_of
from headrace.cli.options import AsJson, ConfigFile, announce, settings_from

PORT = 8090


def sandbox(
    port: Annotated[int, typer.Option(help="0 takes a free port.")] = PORT,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Serve invented people through servers that speak each vendor's wire."""
    from headrace.sandbox.app import create_app  # noqa: PLC0415

    settings_from(config)
    listener = listen(host, port)
    url = url_of(listener)
    text = f"Sandbox vendors at {url}/<vendor>\nPeople   {url}/_world/people\nControl  {url}/_control/calls"
    served = server_config(create_app(), timeout_graceful_shutdown=1)
    AnnouncingServer(served, lambda: announce({"sandbox_url": url}, as_json, text)).run([listener])
