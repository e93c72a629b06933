"""`headrace openapi`: the API's description."""

import msgspec
import typer

from headrace.api.openapi import document
from headrace.cli.options import AsJson, ConfigFile, settings_from


def openapi(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Print the OpenAPI document. It is JSON with or without --json."""
    settings_from(config)
    text = msgspec.json.encode(document(), order="sorted")
    typer.echo(text.decode() if as_json else msgspec.json.format(text, indent=2).decode())
