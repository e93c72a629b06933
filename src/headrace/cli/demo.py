"""`headrace demo`: the documented request, answered by the sandbox through real HTTP conversations."""

import json
import tempfile
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import typer
from rich.console import Console

from headrace import logs
from headrace.api.examples import REQUEST
from headrace.cli.background import BackgroundServer
from headrace.cli.options import AsJson, CommandError, ConfigFile, run, settings_from
from headrace.cli.serve import rehearsal_key
from headrace.cli.trace import show_waterfall
from headrace.config import Database, Settings
from headrace.wiring import at_sandbox, build

_PATH = "/v2/contacts/single_enrich"


def demo(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Start sandbox vendors and the API, send the documented request, show how the answer was found."""
    from headrace.domain import phones  # noqa: F401, PLC0415 - a server has loaded these after a second
    from headrace.sandbox.app import create_app  # noqa: PLC0415

    logs.configure("warning", "auto")
    with tempfile.TemporaryDirectory() as directory, BackgroundServer(create_app()) as vendors:
        settings = _settings(config, Path(directory), vendors.url)
        headrace = build(settings, sandbox=True)
        key = run(lambda: rehearsal_key(headrace.storage))
        with BackgroundServer(headrace.application()) as api:
            answer = _ask(api.url, key)
    attempts, headers = answer.pop("attempts"), answer.pop("headers")
    if as_json:
        typer.echo(json.dumps({"request": REQUEST, "answer": answer, "attempts": attempts}, indent=2))
    else:
        _tell(answer, headers, attempts)
    if answer["status"] != "success":
        raise CommandError("the documented contact was not found")


def _settings(config: Path | None, directory: Path, sandbox_url: str) -> Settings:
    """The user's own order, deadlines and prices, but never the user's database."""
    settings = at_sandbox(settings_from(config), sandbox_url)
    return msgspec.structs.replace(settings, database=Database(), directory=directory)


def _ask(url: str, key: str) -> dict[str, Any]:
    target = urlsplit(url)
    connection = HTTPConnection(target.hostname or "", target.port, timeout=60)
    headers = {"X-API-KEY": key, "Content-Type": "application/json"}
    connection.request("POST", f"{_PATH}?expand=attempts", json.dumps(REQUEST), headers)
    response = connection.getresponse()
    answer: dict[str, Any] = json.load(response)
    if response.status != 200:
        raise CommandError(f"the API answered {response.status}: {answer['message']}")
    answer["headers"] = {
        name: value for name, value in response.headers.items() if name.startswith("x-headrace")
    }
    connection.close()
    return answer


def _tell(answer: dict[str, Any], headers: dict[str, str], attempts: list[dict[str, Any]]) -> None:
    console = Console()
    console.print(f"[bold]POST {_PATH}[/]")
    console.print_json(data=REQUEST)
    console.print("\n[bold]200 OK[/]")
    console.print_json(data=answer)
    console.print()
    show_waterfall(attempts)
    charged, left = headers["x-headrace-credits-charged"], headers["x-headrace-credits-remaining"]
    took, own = headers["x-headrace-duration-ms"], headers["x-headrace-overhead-ms"]
    typer.echo(f"charged {charged} credits, {left} left; {took} ms in all, {own} of them Headrace's own")
