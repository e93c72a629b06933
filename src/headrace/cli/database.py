"""`headrace db`: the database's schema and the keys that it is sealed with."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from headrace.cli.options import (
    AsJson,
    CommandError,
    ConfigFile,
    Yes,
    ask,
    run,
    settings_from,
    show,
    storage_from,
)
from headrace.cli.progress import counting
from headrace.engine.clock import SystemClock
from headrace.operate.ports import OPERATOR
from headrace.storage import schema
from headrace.storage.backup import back_up
from headrace.storage.giving_up import Closed, GivingUp
from headrace.storage.opening import Storage
from headrace.storage.rotation import Rotated, Rotation

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


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; there must be nothing yet.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database file as of one moment, while servers run. The keys beside it are not in the copy."""
    location = settings_from(config).database_at
    if not isinstance(location, Path):
        raise CommandError(f"{schema.name(location)}: is a server's database; copy it with pg_dump")
    size = back_up(location, to)
    show({"backup": str(to), "bytes": size}, as_json, f"{to}: {size} bytes")


@app.command("rotate-keys")
def rotate_keys(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Seal everything with a new key, while servers run, and retire the old ones."""
    with storage_from(config) as storage, counting() as count:
        rotation = Rotation(storage.database, storage.vault, storage.owner.fence, storage.audit_log)
        rotated = run(lambda: rotation.rotate(OPERATOR, count))
    show(asdict(rotated), as_json, f"records sealed anew: {rotated.resealed}; {_fate_of_old_keys(rotated)}")
    if rotated.needs_old_keys:
        raise typer.Exit(1)


@app.command("give-up")
def give_up(yes: Yes = False, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Give up what no key opens, once the keys are lost for good. Accounts, API keys and books stay."""
    with storage_from(config, keys_lost=True) as storage:
        giving_up = _giving_up(storage)
        closed = run(giving_up.look)
        if closed.total:
            ask(f"{_told(closed)}. Give this up? It cannot be undone, and the right keys would open it.", yes)
            closed = run(lambda: giving_up.give_up(OPERATOR))
            if left := run(giving_up.look).total:
                raise CommandError(f"{left} searches are under way, or were a moment ago; run this again")
    value = {"given_up": closed.rows, "accounts": closed.accounts, "vendors": closed.vendors}
    show(
        value,
        as_json,
        f"given up: {_told(closed)}" if closed.total else "nothing to give up: all of it opens",
    )


def _fate_of_old_keys(rotated: Rotated) -> str:
    if rotated.late:
        return (
            f"ALL KEYS ARE STILL NEEDED: {rotated.late} were sealed with an old one meanwhile, by a server"
            " that does not know the new one; restart it and run this again"
        )
    if rotated.unreadable:
        return (
            f"ALL KEYS ARE KEPT: {rotated.unreadable} records open with none of them; put back the key that"
            " they were sealed with, or give them up with headrace db give-up, and run this again"
        )
    if rotated.retired:
        return f"old keys retired: {rotated.retired}"
    return "old keys can go from security.encryption_keys now"


def _giving_up(storage: Storage) -> GivingUp:
    return GivingUp(
        storage.database, storage.vault, storage.owner.fence, SystemClock(), storage.audit_log, storage.ledger
    )


def _told(closed: Closed) -> str:
    """What no key opens, and what follows from it."""
    kinds = ", ".join(f"{count} of {table}" for table, count in closed.rows.items())
    told = [f"{closed.total} of {closed.all} sealed records ({kinds})"]
    if closed.accounts:
        told.append(f"webhooks of {', '.join(closed.accounts)} get a new secret")
    if closed.vendors:
        told.append(f"API keys of {', '.join(closed.vendors)} have to be entered again")
    return "; ".join(told)
