"""`headrace webhooks`: what is owed to receivers, and what it is signed with."""

from typing import Annotated

import msgspec
import typer

from headrace.api.render import deliveries_answer
from headrace.cli.accounts import Name, find
from headrace.cli.options import AsJson, CommandError, ConfigFile, run, show, storage_from, table
from headrace.operate import webhooks
from headrace.operate.ports import OPERATOR

app = typer.Typer(help="Webhooks: deliveries and signing secrets.", no_args_is_help=True)

_COLUMNS = ("id", "enrichment_id", "url", "attempts", "state", "last_status", "last_error", "next_at")


@app.command()
def secret(
    name: Name,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make a new one. The old one stays valid for 24 hours.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show what an account's webhooks are signed with; the first secret is made when it is asked for."""
    with storage_from(config) as storage:
        account = find(storage, name)
        if rotate:
            newest = run(lambda: webhooks.rotate(storage, account, OPERATOR))[0]
        else:
            newest = run(lambda: webhooks.secret(storage, account, OPERATOR))
    note = "\nWhat it replaces signs beside it for 24 hours." if rotate else ""
    show({"secret": newest.secret}, as_json, f"{newest.secret}{note}")


@app.command("list")
def list_(
    name: Name,
    most: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many at most.")] = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List an account's deliveries, the newest first."""
    with storage_from(config) as storage:
        account = find(storage, name)
        known = run(lambda: storage.webhooks.listed(account.id, most))
    found = [msgspec.structs.asdict(each) for each in deliveries_answer(known).deliveries]
    show(found, as_json, table(_COLUMNS, [[each[column] for column in _COLUMNS] for each in found]))


@app.command()
def replay(
    delivery_id: Annotated[str, typer.Argument(metavar="ID", help="The delivery's id, as `list` shows it.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Have a webhook delivered again, with its old id and body. A running server or worker does it."""
    with storage_from(config) as storage:
        again = run(lambda: storage.webhooks.replay(delivery_id, actor=OPERATOR))
    if not again:
        raise CommandError(f"there is no delivery {delivery_id!r}; see `headrace webhooks list NAME`")
    show({"id": delivery_id, "replayed": True}, as_json, f"delivery {delivery_id} is due again")
