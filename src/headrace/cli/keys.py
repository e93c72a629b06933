"""`headrace keys`: API keys."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from headrace.cli.accounts import Name, find
from headrace.cli.options import AsJson, CommandError, ConfigFile, run, show, storage_from, table

app = typer.Typer(help="API keys. An account can have several.", no_args_is_help=True)


@app.command()
def create(name: Name, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Make another key for an account. It is shown once."""
    with storage_from(config) as storage:
        account = find(storage, name)
        key = run(lambda: storage.accounts.add_key(account))
    value = {"key_id": key.id, "api_key": key.text}
    show(value, as_json, f"key {key.id} of {account.name}\nAPI key  {key.text}\nThe key is not shown again.")


@app.command("list")
def list_(name: Name, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List an account's keys, never their text."""
    with storage_from(config) as storage:
        account = find(storage, name)
        keys = run(lambda: storage.accounts.keys(account))
    found = [
        {"key_id": key.id, "created_at": _when(key.created_at), "revoked_at": _when(key.revoked_at)}
        for key in keys
    ]
    show(found, as_json, table(("key_id", "created_at", "revoked_at"), [list(key.values()) for key in found]))


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `keys list` shows it.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key; it is refused from the next request on."""
    with storage_from(config) as storage:
        revoked = run(lambda: storage.accounts.revoke_key(key_id))
    if not revoked:
        raise CommandError(f"there is no live key {key_id!r}; see `headrace keys list NAME`")
    show({"key_id": key_id, "revoked": True}, as_json, f"key {key_id} is revoked")


def _when(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
