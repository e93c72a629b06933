"""What to hold before asking, what to charge afterwards. Amounts are milli-credits."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import force_setattr

from headrace.domain.model import Field, Result


class PriceBook(Struct, frozen=True):
    """`per_field` is the price of a field that was found; `overrides` the price with one provider; `reused`
    the share of it (0 to 1) that is paid for what was remembered."""

    per_field: Mapping[Field, int]
    overrides: Mapping[tuple[str, Field], int] = field(default_factory=dict)
    reused: float = 1.0
    dearest: Mapping[Field, int] = field(default_factory=dict)  # the price at the dearest provider; filled in

    def __post_init__(self) -> None:
        dearest = dict(self.per_field)
        for (_, found), price in self.overrides.items():
            dearest[found] = max(dearest.get(found, 0), price)
        force_setattr(self, "dearest", dearest)

    def to_hold(self, fields: Iterable[Field]) -> int:
        """The most that `fields` can cost, whoever finds them."""
        return sum(self.dearest[wanted] for wanted in fields)

    def to_charge(self, results: Iterable[Result]) -> int:
        """What was found costs; what was not found is free."""
        return sum(self._price(result) for result in results if result.found)

    def _price(self, result: Result) -> int:
        price = self.overrides.get((result.provider or "", result.field), self.per_field[result.field])
        return round(price * self.reused) if result.reused else price
