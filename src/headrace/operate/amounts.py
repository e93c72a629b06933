"""Credits as people and programs write them."""

from decimal import Decimal, DecimalException

from headrace.domain.errors import Problem

MOST = 10**12
"""Credits in one step."""


def milli_credits(name: str, given: str | float) -> int:
    """`12` or `0.5` credits in thousandths; `name` says what they were given as. Raises `Problem(bad_request)`."""
    try:
        amount = Decimal(str(given)) * 1000
    except DecimalException:
        raise _wrong(name, given) from None
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > MOST * 1000:
        raise _wrong(name, given)
    return int(amount)


def _wrong(name: str, given: object) -> Problem:
    said = str(given)[:30]
    return Problem("bad_request", detail=f"{name}: {said!r} is not a number of credits with at most three decimals")
