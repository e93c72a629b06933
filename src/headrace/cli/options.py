"""The options that every command takes, and how a command answers."""

import asyncio
import sys
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
    from rich.console import Console
    from rich.table import Table  # loaded when there is a table to draw: servers start without it

T = TypeVar("T")

_LONGEST_WORD = 72
"""Characters of a URL or the like that a terminal shows on one line."""
_ANY_WIDTH = 1_000_000


class CommandError(Exception):
    """A command cannot be carried out; the text says why and what to do."""


def _settings_file(given: str) -> Path:
    """A path; an empty one would be that of the directory."""
    if not given:
        raise CommandError("--config: must not be empty")
    return Path(given)


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        parser=_settings_file,
        help="Settings file. Default: headrace.toml here, if there is one.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def settings_from(config: Path | None) -> Settings:
    """Read the settings."""
    return load(config)


def settings_with_keys(config: Path | None) -> Settings:
    """The settings with the vendors' keys that were entered. Makes no database where there is none."""
    settings = load(config)
    with storage_if_any(config) as storage:
        return with_entered_keys(settings, storage) if storage else settings


@contextmanager
def storage_from(config: Path | None, *, keys_lost: bool = False) -> Iterator[Storage]:
    """The database of the settings, open for the length of one command. `keys_lost`: see `open_storage`."""
    storage = open_storage(load(config), keys_lost=keys_lost)
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


def ask(question: str, yes: bool) -> None:
    """Raises `CommandError` where nobody can answer, and ends the command when the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError("this cannot be undone; say --yes")
    typer.confirm(question, abort=True, err=True)


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
        draw(text)


def draw(drawn: "Table", longest_word: int = _LONGEST_WORD) -> None:
    """Print a table. Sentences wrap to fit a terminal, longer words fold, and nothing is ever cut: half an id
    is of no use. On a pipe there is no width to fit into."""
    from rich.console import Console  # noqa: PLC0415

    console = Console()
    if console.is_terminal:
        width = max(console.width, _least_width(console, drawn, longest_word))
    else:
        width = console.measure(drawn, options=console.options.update(max_width=_ANY_WIDTH)).maximum
    Console(width=max(width, 1)).print(drawn, crop=False)


def _least_width(console: "Console", drawn: "Table", longest_word: int) -> int:
    for column in drawn.columns:
        column.max_width = longest_word
    least = console.measure(drawn, options=console.options.update(max_width=_ANY_WIDTH)).minimum
    for column in drawn.columns:
        column.max_width = None
    return least


def announce(value: Any, as_json: bool, text: str) -> None:
    """What a server says once it listens; in JSON on one line, for whoever reads its output line by line."""
    typer.echo(msgspec.json.encode(value).decode() if as_json else text)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> "Table":
    """Rows for people. What stands in them is shown as it is: brackets in a name are no markup."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = Table(title=title, title_justify="left")
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    for place, heading in enumerate(headings):
        whole, word = _widths([heading, *(row[place] for row in texts)])
        word = min(word, _LONGEST_WORD)
        made.add_column(heading, overflow="fold", no_wrap=whole == word, min_width=word)
    for row in texts:
        made.add_row(*map(Text, row))
    return made


def _widths(cells: Sequence[str]) -> tuple[int, int]:
    """Of the widest cell, and of the longest word in any."""
    from rich.cells import cell_len  # noqa: PLC0415

    return max(map(cell_len, cells)), max(cell_len(word) for cell in cells for word in cell.split(" "))
