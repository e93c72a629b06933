"""What to hold before asking, what to charge afterwards. Amounts are milli-credits."""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from headrace.domain.model import Field, Result


class PriceBook(Struct, frozen=True):
    """`per_field` is the price of a field that was found; `overrides` the price with one provider; `reused`
    the share of it (0 to 1) that is paid for what was remembered."""

    per_field: Mapping[Field, int]
    overrides: Mapping[tuple[str, Field], int] = field(default_factory=dict)
    reused: float = 1.0

    def to_hold(self, fields: Iterable[Field]) -> int:
        """The most that `fields` can cost, whoever finds them."""
        return sum(self._dearest(wanted) for wanted in fields)

    def to_charge(self, results: Iterable[Result]) -> int:
        """What was found costs; what was not found is free."""
        return sum(self._price(result) for result in results if result.found)

    def _price(self, result: Result) -> int:
        price = self.overrides.get((result.provider or "", result.field), self.per_field[result.field])
        return round(price * self.reused) if result.reused else price

    def _dearest(self, wanted: Field) -> int:
        special = [price for (_, found), price in self.overrides.items() if found is wanted]
        return max([self.per_field[wanted], *special])
