"""The `headrace` command."""

import errno
import os
import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from headrace import logs
from headrace.cli.options import CommandError
from headrace.config import ConfigError
from headrace.domain.errors import Problem
from headrace.storage.errors import Unusable
from headrace.version import VERSION

COMMANDS = {
    "serve": "serve",
    "worker": "worker",
    "sandbox": "sandbox",
    "demo": "demo",
    "enrich": "enrich",
    "find": "find",
    "verify": "verify",
    "outcomes": "outcomes",
    "openapi": "openapi",
    "accounts": "accounts",
    "keys": "keys",
    "credits": "credits",
    "webhooks": "webhooks",
    "ledger": "ledger",
    "privacy": "privacy",
    "providers": "providers",
    "db": "database",
}
"""Commands in the order of the help text, and the module of each: it holds a function of that name, or the
`app` of several commands. A module is loaded when it is asked for: a server has no use for the others."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


_LAST = {"--config": "--config FILE", "--json": "--json"}
"""Options that every command takes, and that therefore come after its name."""


class _Group(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        option = args[0].partition("=")[0] if args else ""
        if option in _LAST:
            ctx.fail(f"{option} goes after the command's name, as in: headrace accounts list {_LAST[option]}")
        return super().parse_args(ctx, args)


class _Commands(_Group):
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"headrace.cli.{COMMANDS[cmd_name]}")
        alone = typer.Typer()
        if hasattr(module, "app"):
            alone.add_typer(module.app, name=cmd_name, cls=_Group)
        else:
            alone.command(cmd_name)(getattr(module, cmd_name))
        return get_group(alone).commands[cmd_name]


app = typer.Typer(
    cls=_Commands,
    help="Find a person's work e-mail, phone and personal e-mail by asking many vendors in a waterfall.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
        _check_text(sys.argv[1:])
        app()
    except (CommandError, ConfigError, Unusable) as error:
        _fail(str(error), 2)
    except Problem as problem:
        _fail(f"{problem.message.removesuffix('.')}. {problem.kind.advice}", 1)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _forget_output()
        _fail(f"cannot write: {error.strerror}", 1)


def _check_text(arguments: list[str]) -> None:
    """Neither the database nor JSON can hold bytes that are no text. Raises `CommandError`."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise CommandError(f"{argument!a}: holds bytes that are not UTF-8") from None


def _forget_output() -> None:
    """What still waits to be printed, or Python tries once more at its end and complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(text: str, code: int) -> None:
    typer.echo(f"headrace: {text}", err=True)
    sys.exit(code)
