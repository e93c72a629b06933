"""Credits and durations as people type them."""

import re

from headrace.cli.options import CommandError
from headrace.domain.errors import Problem
from headrace.operate import amounts

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([smhd]?)", re.ASCII)


def milli_credits(text: str) -> int:
    """`12` or `0.5` credits in thousandths. Raises `CommandError`."""
    try:
        return amounts.milli_credits(text)
    except Problem as problem:
        raise CommandError(problem.message) from None


def seconds(option: str, text: str | None) -> float | None:
    """`30d`, `12h`, `90m` or `45` in seconds. Raises `CommandError`, which names the option."""
    if text is None:
        return None
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise CommandError(f"{option}: {text!r} is not a duration such as 30d, 12h, 90m or 45s")
    return float(found[1]) * _SECONDS[found[2]]
