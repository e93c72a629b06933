"""An enrichment's attempts as a readable waterfall."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from headrace.cli.options import draw

_STYLE = {"found": "green", "failed": "red", "skipped": "dim"}


_LONGEST_WORD = 18
"""Of an outcome; with the longest names in the other columns, 80 columns are enough."""


def show_waterfall(attempts: Sequence[Mapping[str, Any]]) -> None:
    """One line an attempt, in the order in which the answers came."""
    draw(_waterfall(attempts), longest_word=_LONGEST_WORD)


def _waterfall(attempts: Sequence[Mapping[str, Any]]) -> Table:
    made = Table(
        title="Waterfall",
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    made.add_column("vendor", no_wrap=True)
    made.add_column("asked to", no_wrap=True)
    made.add_column("outcome", overflow="fold")
    for heading in ("at\nms", "took\nms", "vendor's\nprice"):
        made.add_column(heading, justify="right", no_wrap=True)
    for attempt in attempts:
        made.add_row(
            Text(attempt["provider"]),
            Text(f"{attempt['kind']} {attempt['field']}"),
            _outcome(attempt),
            f"{attempt['started_ms']:.0f}",
            f"{attempt['duration_ms']:.0f}",
            f"{attempt['vendor_cost']:g}" if attempt["vendor_cost"] else "-",
        )
    return made


def _outcome(attempt: Mapping[str, Any]) -> Text:
    told = Text.assemble((attempt["outcome"], _STYLE.get(attempt["outcome"], "")))
    if attempt["accepted"]:
        told.append(", ").append("accepted", "bold green")
    detail = _detail(attempt)
    return told.append(f": {detail}") if detail else told


def _detail(attempt: Mapping[str, Any]) -> str:
    told = [attempt["verdict"], attempt["reason"] if attempt["reason"] != attempt["verdict"] else None]
    how = "shared" if attempt.get("shared") else "reused" if attempt.get("reused") else None
    return ", ".join(word for word in (*told, how) if word)
