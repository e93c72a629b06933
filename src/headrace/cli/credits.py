"""`headrace credits`: what accounts can spend."""

from typing import Annotated

import typer

from headrace.api.render import credits
from headrace.cli.accounts import Name, find
from headrace.cli.amounts import milli_credits
from headrace.cli.options import AsJson, CommandError, ConfigFile, run, show, storage_from
from headrace.domain.errors import Problem

app = typer.Typer(help="Credits of accounts.", no_args_is_help=True)


@app.callback()
def callback() -> None:
    """Credits of accounts."""


@app.command(context_settings={"ignore_unknown_options": True})
def add(
    name: Name,
    amount: Annotated[str, typer.Argument(metavar="N", help="Credits to add; a negative number takes back.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Add credits to an account."""
    milli = milli_credits("N", amount)
    with storage_from(config) as storage:
        account = find(storage, name)
        try:
            available = run(lambda: storage.ledger.grant(account.id, milli))
        except Problem as problem:
            if problem.code != "insufficient_credits":
                raise
            left = credits(account.available)
            raise CommandError(f"{account.name} has only {left} credits available") from None
    value = {
        "account_id": account.id,
        "name": account.name,
        "added": credits(milli),
        "available": credits(available),
    }
    show(value, as_json, f"{account.name} has {credits(available)} credits available")
