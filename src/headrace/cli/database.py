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
    path = settings_from(config).database_path
    before = schema.current(path)
    changed = schema.upgrade(path)
    value = {"database": str(path), "from": before, "to": schema.current(path), "changed": changed}
    show(value, as_json, f"{path}: {'upgraded to' if changed else 'is at'} revision {value['to']}")
