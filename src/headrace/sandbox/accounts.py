"""What each vendor keeps about its one customer: credits, what was sold before, switches that are on."""

from collections.abc import Hashable, Iterable

START = 1_000_000


class OutOfCredits(Exception):
    """The pool does not hold what this call needs."""


def tidy(credits: float) -> float | int:
    """A whole number of credits without a decimal point."""
    return int(credits) if float(credits).is_integer() else round(credits, 6)


class Account:
    """One customer's standing with one vendor."""

    def __init__(self, pools: Iterable[str]) -> None:
        self.pools: dict[str, float] = dict.fromkeys(pools, START)
        self.spent: dict[str, float] = dict.fromkeys(self.pools, 0)
        self.variants: set[str] = set()
        self.in_flight = 0
        self._remembered: set[Hashable] = set()

    def need(self, credits: float, pool: str) -> None:
        """Raise `OutOfCredits` unless the pool holds this much."""
        if self.pools[pool] < credits:
            raise OutOfCredits

    def charge(self, credits: float, pool: str) -> None:
        """Take credits from a pool, or raise `OutOfCredits` and take none."""
        self.need(credits, pool)
        self.pools[pool] -= credits
        self.spent[pool] += credits

    def knows(self, key: Hashable) -> bool:
        """Whether this was remembered before."""
        return key in self._remembered

    def remember(self, key: Hashable) -> None:
        """Keep a fact until the next reset."""
        self._remembered.add(key)

    def reset(self) -> None:
        """Back to the first day, calls in flight aside."""
        self.pools = dict.fromkeys(self.pools, START)
        self.spent = dict.fromkeys(self.pools, 0)
        self.variants.clear()
        self._remembered.clear()
