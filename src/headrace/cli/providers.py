"""`headrace providers`: which vendors there are, and whether their keys work."""

import asyncio
import sys
from typing import Annotated, Any

import typer

from headrace.cli.options import (
    AsJson,
    CommandError,
    ConfigFile,
    run,
    settings_from,
    settings_with_keys,
    show,
    storage_from,
    table,
)
from headrace.config import Settings
from headrace.domain.model import VERIFY, Failed, Field, Skipped
from headrace.engine.clock import SystemClock
from headrace.engine.converse import converse
from headrace.engine.own import FINDER, PROBE
from headrace.engine.stopwatch import Stopwatch
from headrace.engine.vendor import Vendor
from headrace.operate.ports import OPERATOR
from headrace.ports import Transport
from headrace.providers import registry
from headrace.providers.base import Balance, HasBalance, Verifies
from headrace.wiring import credentials_of, make_plan, make_transport, make_vendors
from headrace.wiring.own import OWN, taking_part

app = typer.Typer(help="Vendors.", no_args_is_help=True)

_DOES = {
    FINDER: "guesses work e-mails, which verifiers confirm",
    PROBE: "asks mail hosts whether a mailbox exists",
}


@app.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List every vendor there is an adapter for and what is Headrace's own, with their places in order."""
    configured, settings = make_vendors(settings_from(config)), settings_with_keys(config)
    vendors = make_vendors(settings)
    make_plan(settings, vendors)
    sources = {name: "config" if name in configured else "stored" for name in vendors}
    found = [_describe(name, settings, sources.get(name)) for name in registry.names()]
    rows = [[each["provider"], each["key"] or "none", _places(each["order"]), ""] for each in found]
    own = [_describe_own(name, settings) for name in OWN]
    rows += [
        [
            each["provider"],
            "needs none",
            _places(each["order"]),
            f"{'on' if each['enabled'] else 'off'}: {each['does']}",
        ]
        for each in own
    ]
    show([*found, *own], as_json, table(("provider", "key", "place in the order", "Headrace's own"), rows))


@app.command("set-key")
def set_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The vendor.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Keep a vendor's key in the database, encrypted. It is asked for, or read from standard input."""
    _check_known(name)
    credentials = {key: _secret(f"{name} {key}") for key in credentials_of(name)}
    with storage_from(config) as storage:
        run(lambda: storage.vendor_keys.set(name, credentials, OPERATOR))
    overruled = name in make_vendors(settings_from(config))
    note = "; the one in the configuration comes first" if overruled else ""
    value = {"provider": name, "stored": True, "overruled": overruled}
    show(value, as_json, f"the key of {name} is kept{note}; servers use it after a restart")


@app.command("remove-key")
def remove_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The vendor.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Forget a vendor's key that is kept in the database."""
    with storage_from(config) as storage:
        removed = run(lambda: storage.vendor_keys.remove(name, OPERATOR))
    if not removed:
        raise CommandError(f"no key of {name!r} is kept; see `headrace providers list`")
    show({"provider": name, "stored": False}, as_json, f"the key of {name} is gone after a restart")


@app.command()
def check(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Ask each configured vendor what is left of its credits. Free; exits 1 when one does not answer."""
    settings = settings_with_keys(config)
    found = run(lambda: _check_all(settings))
    rows = [
        [line["provider"], line["ok"], line["credits"], line["pools"] or "", line["error"]] for line in found
    ]
    shown = (
        table(("provider", "ok", "credits", "pools", "error"), rows) if rows else "no provider is configured"
    )
    show(found, as_json, shown)
    if not as_json:
        typer.echo(f"{' and '.join(OWN)} are Headrace's own and need no key")
    if not all(line["ok"] for line in found):
        raise typer.Exit(1)


async def _check_all(settings: Settings) -> list[dict[str, Any]]:
    transport = make_transport(settings)
    try:
        return list(
            await asyncio.gather(*(_check(vendor, transport) for vendor in make_vendors(settings).values()))
        )
    finally:
        await transport.aclose()


async def _check(vendor: Vendor, transport: Transport) -> dict[str, Any]:
    line = {"provider": vendor.name, "ok": True, "credits": None, "pools": None, "error": None}
    if not isinstance(vendor.adapter, HasBalance):
        return line
    reply = await converse(vendor, vendor.adapter.balance(), transport, Stopwatch(SystemClock()))
    match reply.told:
        case Balance(credits=credits, pools=pools):
            return {**line, "credits": credits, "pools": dict(pools) or None}
        case Failed(code=reason) | Skipped(reason=reason):
            return {**line, "ok": False, "error": reason}
    return {**line, "ok": False, "error": "unexpected answer"}


def _check_known(name: str) -> None:
    if name not in registry.names():
        raise CommandError(f"there is no provider {name!r}; there are {', '.join(registry.names())}")


def _secret(what: str) -> str:
    """A line that is not shown; never an argument, which other users of the machine could read."""
    asked = sys.stdin.isatty()
    given = typer.prompt(what, hide_input=True, err=True) if asked else sys.stdin.readline()
    if not given.strip():
        raise CommandError(f"{what}: nothing was given on standard input")
    return str(given.strip())


def _describe(name: str, settings: Settings, key: str | None) -> dict[str, Any]:
    adapter = registry.adapter(name)
    order = {wanted.value: getattr(settings.waterfall.order, wanted) for wanted in Field}
    order[VERIFY] = settings.verification.order
    offered = [
        *(wanted.value for wanted in adapter.finds),
        *([VERIFY] if issubclass(adapter, Verifies) else []),
    ]
    places = {kind: order[kind].index(name) + 1 if name in order[kind] else None for kind in offered}
    return {"provider": name, "configured": key is not None, "key": key, "order": places}


def _describe_own(name: str, settings: Settings) -> dict[str, Any]:
    """`configured`: it takes part, being switched on and named in the order."""
    kind = OWN[name]
    order = settings.verification.order if kind == VERIFY else getattr(settings.waterfall.order, kind)
    enabled, place = name in taking_part(settings), order.index(name) + 1 if name in order else None
    return {
        "provider": name,
        "configured": enabled and place is not None,
        "key": None,
        "order": {kind: place},
        "enabled": enabled,
        "does": _DOES[name],
    }


def _places(order: dict[str, int | None]) -> str:
    return ", ".join(f"{kind} {place or '-'}" for kind, place in order.items())
