"""`headrace providers`: which vendors there are, and whether their keys work."""

import asyncio
from typing import Any

import typer

from headrace.cli.options import AsJson, ConfigFile, run, settings_from, show, table
from headrace.config import Settings
from headrace.domain.model import VERIFY, Failed, Field
from headrace.engine.clock import SystemClock
from headrace.engine.converse import converse
from headrace.engine.stopwatch import Stopwatch
from headrace.engine.vendor import Vendor
from headrace.ports import Transport
from headrace.providers import registry
from headrace.providers.base import Balance, HasBalance, Verifies
from headrace.wiring import make_plan, make_transport, make_vendors

app = typer.Typer(help="Vendors.", no_args_is_help=True)


@app.command("list")
def list_(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List every vendor there is an adapter for, and its place in the waterfall."""
    settings = settings_from(config)
    vendors = make_vendors(settings)
    make_plan(settings, vendors)
    found = [_describe(name, settings, configured=name in vendors) for name in registry.names()]
    rows = [
        [provider["provider"], "yes" if provider["configured"] else "no", _places(provider["order"])]
        for provider in found
    ]
    show(found, as_json, table(("provider", "configured", "place in the order"), rows))


@app.command()
def check(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Ask each configured vendor what is left of its credits. Free; exits 1 when one does not answer."""
    settings = settings_from(config)
    found = run(lambda: _check_all(settings))
    rows = [
        [line["provider"], line["ok"], line["credits"], line["pools"] or "", line["error"]] for line in found
    ]
    shown = (
        table(("provider", "ok", "credits", "pools", "error"), rows) if rows else "no provider is configured"
    )
    show(found, as_json, shown)
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
        case Failed(code=code):
            return {**line, "ok": False, "error": code}
    return {**line, "ok": False, "error": "unexpected answer"}


def _describe(name: str, settings: Settings, configured: bool) -> dict[str, Any]:
    adapter = registry.adapter(name)
    order = {wanted.value: getattr(settings.waterfall.order, wanted) for wanted in Field}
    order[VERIFY] = settings.verification.order
    offered = [
        *(wanted.value for wanted in adapter.finds),
        *([VERIFY] if issubclass(adapter, Verifies) else []),
    ]
    places = {kind: order[kind].index(name) + 1 if name in order[kind] else None for kind in offered}
    return {"provider": name, "configured": configured, "order": places}


def _places(order: dict[str, int | None]) -> str:
    return ", ".join(f"{kind} {place or '-'}" for kind, place in order.items())
