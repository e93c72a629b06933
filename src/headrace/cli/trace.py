"""An enrichment's attempts as a readable waterfall."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

_MARK = {
    "found": "[green]found[/]",
    "missing": "missing",
    "failed": "[red]failed[/]",
    "skipped": "[dim]skipped[/]",
}


def waterfall(attempts: Sequence[Mapping[str, Any]]) -> Table:
    """One line an attempt, in the order in which the answers came."""
    made = Table(title="Waterfall", title_justify="left")
    for heading in ("vendor", "field", "asked to", "outcome", "detail", "accepted"):
        made.add_column(heading, no_wrap=heading != "detail")
    for heading in ("at", "took", "vendor's price"):
        made.add_column(heading, justify="right", no_wrap=True)
    for attempt in attempts:
        made.add_row(
            attempt["provider"],
            attempt["field"],
            attempt["kind"],
            _MARK[attempt["outcome"]],
            _detail(attempt),
            "[bold green]yes[/]" if attempt["accepted"] else "",
            f"{attempt['started_ms']:.0f} ms",
            f"{attempt['duration_ms']:.0f} ms",
            f"{attempt['vendor_cost']:g}" if attempt["vendor_cost"] else "-",
        )
    return made


def _detail(attempt: Mapping[str, Any]) -> str:
    told = [attempt["verdict"], attempt["reason"] if attempt["reason"] != attempt["verdict"] else None]
    how = " (shared)" if attempt.get("shared") else " (reused)" if attempt.get("reused") else ""
    return ": ".join(word for word in told if word) + how
