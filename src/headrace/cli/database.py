"""`headrace db`: the database's schema and the keys that it is sealed with."""

import typer

from headrace.cli.options import AsJson, ConfigFile, run, settings_from, show, storage_from
from headrace.cli.progress import counting
from headrace.operate.ports import OPERATOR
from headrace.storage import schema
from headrace.storage.rotation import Rotation

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


@app.command("rotate-keys")
def rotate_keys(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Seal everything with a new key, while servers run, and retire the old ones."""
    with storage_from(config) as storage, counting() as count:
        rotation = Rotation(storage.database, storage.vault, storage.owner.fence, storage.audit_log)
        rotated = run(lambda: rotation.rotate(OPERATOR, count))
    value = {"resealed": rotated.resealed, "retired": rotated.retired}
    done = f"records sealed anew: {rotated.resealed}"
    advice = "old keys can go from security.encryption_keys now"
    show(value, as_json, f"{done}; {f'old keys retired: {rotated.retired}' if rotated.retired else advice}")
