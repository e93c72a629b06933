"""The options that every command takes, and how a command answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
import typer

from headrace.config import Settings, load
from headrace.storage.opening import Storage
from headrace.wiring import open_storage, with_entered_keys

if TYPE_CHECKING:
    from rich.table import Table  # loaded when there is a table to draw: servers start without it

T = TypeVar("T")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Settings file. Default: headrace.toml here, if there is one."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


class CommandError(Exception):
    """A command cannot be carried out; the text says why and what to do."""


def settings_from(config: Path | None) -> Settings:
    """Read the settings."""
    return load(config)


def settings_with_keys(config: Path | None) -> Settings:
    """The settings with the vendors' keys that were entered. Makes no database where there is none."""
    settings = load(config)
    with storage_if_any(config) as storage:
        return with_entered_keys(settings, storage) if storage else settings


@contextmanager
def storage_from(config: Path | None) -> Iterator[Storage]:
    """The database of the settings, open for the length of one command."""
    storage = open_storage(load(config))
    try:
        yield storage
    finally:
        storage.close()


@contextmanager
def storage_if_any(config: Path | None) -> Iterator[Storage | None]:
    """The same for a command that can do without: `None` where there is no database yet."""
    location = load(config).database_at
    if isinstance(location, Path) and not location.exists():
        yield None
        return
    with storage_from(config) as storage:
        yield storage


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Carry out one piece of asynchronous work."""

    async def main() -> T:
        return await work()

    return asyncio.run(main())


def show(value: Any, as_json: bool, text: "str | Table") -> None:
    """Print `value` as JSON, or `text` for people."""
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
    elif isinstance(text, str):
        typer.echo(text)
    else:
        _draw(text)


def _draw(drawn: "Table") -> None:
    from rich.console import Console  # noqa: PLC0415

    # On a pipe there is no width to fit into, and a cut-off id is of no use.
    console = Console()
    Console(width=None if console.is_terminal else 200).print(drawn)


def announce(value: Any, as_json: bool, text: str) -> None:
    """What a server says once it listens; in JSON on one line, for whoever reads its output line by line."""
    typer.echo(msgspec.json.encode(value).decode() if as_json else text)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> "Table":
    """Rows for people."""
    from rich.table import Table  # noqa: PLC0415

    made = Table(*headings, title=title, title_justify="left")
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made
