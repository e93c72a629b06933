"""`headrace ledger`: are the books right?"""

import typer

from headrace.api.render import credits
from headrace.cli.options import AsJson, ConfigFile, settings_from, show
from headrace.storage import schema
from headrace.storage.audit import EMPTY, audit

app = typer.Typer(help="The books.", no_args_is_help=True)


@app.callback()
def callback() -> None:
    """The books."""


@app.command()
def verify(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Recompute every balance from its entries. Exits 1 when anything differs; safe while serving."""
    path = settings_from(config).database_path
    exists = path.exists()
    if exists:
        schema.upgrade(path)
    found = audit(path) if exists else EMPTY
    value = {
        "database": str(path),
        "balanced": found.balanced,
        "accounts": found.accounts,
        "entries": found.entries,
        "sum": found.sum,
        "available": credits(found.available),
        "held": credits(found.held),
        "complaints": list(found.complaints),
    }
    where = f"{path}" if exists else f"{path} (no such file yet)"
    lines = [f"{where}: {found.entries} entries of {found.accounts} accounts", *found.complaints]
    show(
        value,
        as_json,
        "\n".join([*lines, "the books balance" if found.balanced else "THE BOOKS DO NOT BALANCE"]),
    )
    if not found.balanced:
        raise typer.Exit(1)
