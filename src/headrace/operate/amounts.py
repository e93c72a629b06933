"""Credits as people and programs write them."""

from decimal import Decimal, DecimalException

from headrace.domain.errors import Problem

MOST = 10**12
"""Credits in one step."""

_NO_AMOUNT = "is not a number of credits with at most three decimals"


def milli_credits(given: str | float, field: str = "") -> int:
    """`12` or `0.5` credits in thousandths; `field` says where they were given.

    Raises `Problem(bad_request)`.
    """
    try:
        amount = Decimal(str(given))
    except DecimalException:
        raise _wrong(given, field, _NO_AMOUNT) from None
    if not amount.is_finite():
        raise _wrong(given, field, _NO_AMOUNT)
    if amount.copy_abs() > MOST:  # `abs` would round, and overflow
        raise _wrong(given, field, f"is more than {MOST} credits, the most in one step")
    if amount * 1000 != (milli := (amount * 1000).to_integral_value()):
        raise _wrong(given, field, _NO_AMOUNT)
    return int(milli)


def _wrong(given: object, field: str, why: str) -> Problem:
    said = f"{str(given)[:30]!r} {why}"
    return Problem("bad_request", detail=f"{field}: {said}" if field else said)
