"""`headrace keys`: API keys."""

from typing import Annotated

import msgspec
import typer

from headrace.api.admin.render import key_details
from headrace.cli.accounts import find
from headrace.cli.options import AsJson, CommandError, ConfigFile, run, show, storage_from, table
from headrace.domain.errors import Problem
from headrace.operate import keys
from headrace.operate.ports import OPERATOR
from headrace.storage.opening import Storage

app = typer.Typer(help="API keys. An account can have several.", no_args_is_help=True)

Whose = Annotated[str | None, typer.Argument(metavar="NAME", help="The account's name or id.")]
Admin = Annotated[bool, typer.Option("--admin", help="A key of an operator, for /admin/v1 alone.")]


@app.command()
def create(
    name: Whose = None, admin: Admin = False, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Make another key for an account, or one for an operator. It is shown once."""
    _check(name, admin)
    with storage_from(config) as storage:
        account = find(storage, name) if name else None
        key = run(lambda: storage.accounts.add_key(account) if account else storage.admin_keys.create())
    value = {"key_id": key.id, "api_key": key.text}
    whose = account.name if account else "an operator"
    show(value, as_json, f"key {key.id} of {whose}\nAPI key  {key.text}\nThe key is not shown again.")


@app.command("list")
def list_(
    name: Whose = None, admin: Admin = False, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """List an account's keys, or those of operators; never their text."""
    _check(name, admin)
    with storage_from(config) as storage:
        account = find(storage, name) if name else None
        known = run(lambda: storage.accounts.keys(account) if account else storage.admin_keys.all())
    found = [msgspec.structs.asdict(key_details(key)) for key in known]
    show(found, as_json, table(("key_id", "created_at", "revoked_at"), [list(key.values()) for key in found]))


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `keys list` shows it.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key, of an account or of an operator; it is refused from the next request on."""
    with storage_from(config) as storage:
        run(lambda: _revoke(storage, key_id))
    show({"key_id": key_id, "revoked": True}, as_json, f"key {key_id} is revoked")


async def _revoke(storage: Storage, key_id: str) -> None:
    try:
        await keys.revoke(storage, key_id, OPERATOR)
    except Problem as problem:
        if problem.code != "not_found":
            raise
        raise CommandError(
            f"there is no live key {key_id!r}; see `headrace keys list NAME` and `headrace keys list --admin`"
        ) from None


def _check(name: str | None, admin: bool) -> None:
    if bool(name) == admin:
        raise CommandError("say whose key it is: NAME, or --admin for an operator's")
