"""The `headrace` command."""

import sys
from typing import Annotated

import typer

from headrace import logs
from headrace.cli import (
    accounts,
    credits,
    database,
    demo,
    enrich,
    find,
    keys,
    ledger,
    openapi,
    outcomes,
    privacy,
    providers,
    sandbox,
    serve,
    verify,
    webhooks,
    worker,
)
from headrace.cli.options import CommandError
from headrace.config import ConfigError
from headrace.domain.errors import Problem
from headrace.storage.errors import Unusable
from headrace.version import VERSION

app = typer.Typer(
    help="Find a person's work e-mail, phone and personal e-mail by asking many vendors in a waterfall.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("sandbox")(sandbox.sandbox)
app.command("demo")(demo.demo)
app.command("enrich")(enrich.enrich)
app.command("find")(find.find)
app.command("verify")(verify.verify)
app.command("outcomes")(outcomes.outcomes)
app.command("openapi")(openapi.openapi)
app.add_typer(accounts.app, name="accounts")
app.add_typer(keys.app, name="keys")
app.add_typer(credits.app, name="credits")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(ledger.app, name="ledger")
app.add_typer(privacy.app, name="privacy")
app.add_typer(providers.app, name="providers")
app.add_typer(database.app, name="db")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"headrace {VERSION}")
        raise typer.Exit


@app.callback()
def headrace(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Options that come before a command."""


def main() -> None:
    """Run a command; what goes wrong is said in one line, not in a traceback."""
    logs.configure("error", "auto")  # standard output is for answers; servers say more, as they are told to
    try:
        app()
    except (CommandError, ConfigError, Unusable) as error:
        _fail(str(error), 2)
    except Problem as problem:
        _fail(f"{problem.message.removesuffix('.')}. {problem.kind.advice}", 1)


def _fail(text: str, code: int) -> None:
    typer.echo(f"headrace: {text}", err=True)
    sys.exit(code)
