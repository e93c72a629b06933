"""What holds of a user's settings in a rehearsal."""

from headrace.config import load
from headrace.domain.model import Field
from headrace.wiring import at_sandbox, make_plan, make_vendors
from headrace.wiring.vendors import make_limits
from tests.compat.pages import VENDORS

OWN = {
    "HEADRACE_PROVIDERS__HUNTER__API_KEY": "secret-5f2c",
    "HEADRACE_PROVIDERS__HUNTER__RATE": "60",
    "HEADRACE_PROVIDERS__HUNTER__CONCURRENCY": "7",
    "HEADRACE_PROVIDERS__HUNTER__TIMEOUT": "3",
    "HEADRACE_WATERFALL__ORDER__EMAIL": "pronto,hunter",
}
SETTINGS = at_sandbox(load(None, OWN), "http://127.0.0.1:1")


def test_all_vendors_take_part_in_the_order_that_was_set() -> None:
    vendors = make_vendors(SETTINGS)
    assert sorted(vendors) == sorted(VENDORS)
    asked = make_plan(SETTINGS, vendors).finders[Field.EMAIL]
    assert [source.name for source in asked] == ["pronto", "hunter"]


def test_limits_that_were_set_hold_and_the_vendors_own_do_not() -> None:
    made = make_limits(SETTINGS, make_vendors(SETTINGS))
    set_ones = made["hunter", "email"]
    assert set_ones.quota
    assert (set_ones.concurrency, set_ones.quota.calls, set_ones.quota.seconds) == (7, 1, 1.0)
    others = [limits for (vendor, _), limits in made.items() if vendor != "hunter"]
    assert not any(limits.quota and limits.quota.calls for limits in others)
    assert {limits.concurrency for limits in others} == {10_000}


def test_neither_a_key_nor_an_address_of_the_users_is_used() -> None:
    for vendor in make_vendors(SETTINGS).values():
        assert vendor.base_url == f"http://127.0.0.1:1/{vendor.name}"
        assert "secret-5f2c" not in str(vendor.headers)
    assert make_vendors(SETTINGS)["hunter"].timeout == 3
