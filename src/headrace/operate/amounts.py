"""Credits as people and programs write them."""

from decimal import Decimal, DecimalException

from headrace.domain.errors import Problem

MOST = 10**12
"""Credits in one step."""


def milli_credits(given: str | float, field: str = "") -> int:
    """`12` or `0.5` credits in thousandths; `field` says where they were given.

    Raises `Problem(bad_request)`.
    """
    try:
        amount = Decimal(str(given)) * 1000
    except DecimalException:
        raise _wrong(given, field) from None
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > MOST * 1000:
        raise _wrong(given, field)
    return int(amount)


def _wrong(given: object, field: str) -> Problem:
    said = f"{str(given)[:30]!r} is not a number of credits with at most three decimals"
    return Problem("bad_request", detail=f"{field}: {said}" if field else said)
