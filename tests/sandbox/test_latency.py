"""How long the sandbox's vendors take."""

import pytest

from headrace.sandbox.latency import LONGEST, RARE, Latency
from headrace.sandbox.vendors import discover
from headrace.sandbox.world import SEED

VENDORS = discover()
CALLS = 20_000
KINDS = ("email", "phone", "personal_email", "verify")


def draws(vendor: str, kind: str, scale: float = 1.0, calls: int = CALLS) -> list[float]:
    latency = Latency(SEED, scale)
    return sorted(latency.draw(VENDORS[vendor], (kind,)) for _ in range(calls))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_call_takes_long_where_the_vendors_page_says_so_and_seldom_then(vendor: str, kind: str) -> None:
    taken = draws(vendor, kind)
    slow = [seconds for seconds in taken if seconds > LONGEST]
    longest = VENDORS[vendor].longest.get(kind)
    if longest is None:
        assert slow == []
        return
    assert RARE / 2 < len(slow) / CALLS < RARE * 2
    assert 0.9 * longest < taken[-1] <= longest
    assert taken[CALLS // 2] < 2


def test_the_slow_ones_are_slow_as_documented() -> None:
    slow = {name: dict(vendor.longest) for name, vendor in VENDORS.items() if vendor.longest}
    assert slow == {"airscale": {"email": 100, "phone": 70, "personal_email": 70, "verify": 135}}


@pytest.mark.parametrize("kind", KINDS)
def test_without_latency_nobody_is_slow(kind: str) -> None:
    assert all(draws(vendor, kind, scale=0, calls=1000)[-1] == 0 for vendor in VENDORS)
