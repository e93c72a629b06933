"""Progress of long work, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


@contextmanager
def counting() -> Iterator[Callable[[str, int], None]]:
    """Shows how many of each kind were done so far, on standard error."""
    console = Console(stderr=True)
    lines: dict[str, TaskID] = {}
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as shown:

        def count(kind: str, done: int) -> None:
            if kind not in lines:
                lines[kind] = shown.add_task(kind, total=None)
            shown.update(lines[kind], completed=done)

        yield count
