"""`headrace db`: the database's schema."""

import typer

from headrace.cli.options import AsJson, ConfigFile, settings_from, show
from headrace.storage import schema

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def callback() -> None:
    """The database."""


@app.command()
def upgrade(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Bring the schema up to this version. Starting the server does the same."""
    location = settings_from(config).database_at
    before = schema.current(location)
    changed = schema.upgrade(location)
    where = schema.name(location)
    value = {"database": where, "from": before, "to": schema.current(location), "changed": changed}
    show(value, as_json, f"{where}: {'upgraded to' if changed else 'is at'} revision {value['to']}")
