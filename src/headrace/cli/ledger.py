"""`headrace ledger`: are the books right?"""

from pathlib import Path

import typer

from headrace.api.render import credits
from headrace.cli.options import AsJson, ConfigFile, run, settings_from, show
from headrace.storage import schema
from headrace.storage.audit import EMPTY
from headrace.storage.opening import audit_as_it_is

app = typer.Typer(help="The books.", no_args_is_help=True)


@app.callback()
def callback() -> None:
    """The books."""


@app.command()
def verify(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Recompute every balance from its entries. Exits 1 when anything differs; safe while serving."""
    location = settings_from(config).database_at
    exists = not isinstance(location, Path) or location.exists()
    found = run(lambda: audit_as_it_is(location)) if exists else EMPTY
    where = schema.name(location)
    value = {
        "database": where,
        "balanced": found.balanced,
        "accounts": found.accounts,
        "entries": found.entries,
        "sum": found.sum,
        "available": credits(found.available),
        "held": credits(found.held),
        "complaints": list(found.complaints),
    }
    unmade = "" if exists else " (no such file yet)"
    lines = [
        f"{where}{unmade}: {found.entries} entries of {found.accounts} accounts",
        *found.complaints,
    ]
    show(
        value,
        as_json,
        "\n".join([*lines, "the books balance" if found.balanced else "THE BOOKS DO NOT BALANCE"]),
    )
    if not found.balanced:
        raise typer.Exit(1)
