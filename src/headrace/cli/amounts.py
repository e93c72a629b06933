"""Credits as people type them."""

from decimal import Decimal, DecimalException

from headrace.cli.options import CommandError

_MOST = 10**12


def milli_credits(text: str) -> int:
    """`12` or `0.5` credits in thousandths. Raises `CommandError`."""
    try:
        amount = Decimal(text) * 1000
    except DecimalException:
        raise CommandError(f"{text!r} is not a number of credits") from None
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > _MOST * 1000:
        raise CommandError(f"{text!r} is not a number of credits with at most three decimals")
    return int(amount)
