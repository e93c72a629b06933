"""Credits, durations and countries as people type them."""

import re

from headrace.cli.options import CommandError
from headrace.domain.errors import Problem
from headrace.operate import amounts

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([smhd]?)", re.ASCII)


def milli_credits(argument: str, text: str) -> int:
    """`12` or `0.5` credits in thousandths. Raises `CommandError`, which names the argument."""
    try:
        return amounts.milli_credits(text, argument)
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


def countries(text: str | None) -> list[str] | None:
    """`FR,US` as a list. Raises `CommandError`, which names the option."""
    if text is None:
        return None
    from headrace.domain import phones  # noqa: PLC0415

    codes = [code.strip() for code in text.split(",") if code.strip()]
    for code in codes:
        if phones.country(code) is None:
            raise CommandError(
                f"--phone-countries: {code[:20]!r} is not a two-letter country code such as FR"
            )
    return codes
