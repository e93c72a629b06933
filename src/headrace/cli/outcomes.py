"""`headrace outcomes`: what bounced and what arrived."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from headrace.cli.options import AsJson, CommandError, ConfigFile, run, settings_from, show, storage_from
from headrace.cli.progress import counting
from headrace.domain import normalize
from headrace.engine.clock import SystemClock
from headrace.operate.outcomes import BOUNCED, DELIVERED, MOST, Counted, Outcome, OutcomeDesk
from headrace.operate.ports import OPERATOR
from headrace.wiring import make_own
from headrace.wiring.own import Own, make_desk


def outcomes(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Lines of address,outcome.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Tell what became of addresses: `bounced` or `delivered`. Nothing counts twice."""
    # Nothing is counted when one line cannot be understood, and a pipe can be read once only.
    lines = list(_lines(file))
    with storage_from(config) as storage, counting() as count:
        own = make_own(settings_from(config), storage, SystemClock())
        desk = make_desk(storage, own, SystemClock())
        found = run(lambda: _report(own, desk, lines, count))
    value = {"counted": found.counted, "unknown": found.unknown, "repeated": found.repeated}
    show(value, as_json, ", ".join(f"{number} {kind}" for kind, number in value.items()))


async def _report(
    own: Own, desk: OutcomeDesk, lines: Sequence[Outcome], count: Callable[[str, int], None]
) -> Counted:
    """In pieces, so that a server beside it is not kept from writing."""
    await own.exchange()
    total = Counted()
    for begin in range(0, len(lines), MOST):
        total += await desk.report(lines[begin : begin + MOST], OPERATOR)
        count("lines", total.counted + total.unknown + total.repeated)
    return total


def _lines(file: Path) -> Iterator[Outcome]:
    """Raises `CommandError`; what stands in the line is not repeated."""
    try:
        with file.open(encoding="utf-8", newline="") as text:
            for number, cells in enumerate(csv.reader(text), 1):
                if not any(cells) or cells[0].startswith("#"):
                    continue
                yield _outcome(cells, f"{file}: line {number}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{file}: cannot be read ({type(error).__name__})") from None


def _outcome(cells: list[str], place: str) -> Outcome:
    email, *rest = (cell.strip() for cell in cells)
    if len(rest) != 1 or rest[0] not in (BOUNCED, DELIVERED) or normalize.address(email) is None:
        raise CommandError(f"{place} is no address with its outcome, such as jane@acme.example,bounced")
    return msgspec.convert({"email": email, "outcome": rest[0]}, Outcome)
