"""The settings of the finder, the probe and DNS: who takes part, and what is wrong is named."""

import pytest

from headrace.config import ConfigError, load
from headrace.domain.model import Field
from headrace.wiring import make_plan, make_vendors

IDENTITY = {"PROBE__HELO": "probe.example.org", "PROBE__MAIL_FROM": "check@probe.example.org"}
ORDERS = {"WATERFALL__ORDER__EMAIL": "headrace_finder", "VERIFICATION__ORDER": "headrace_probe"}


def plan(**overlay: str) -> tuple[list[str], list[str]]:
    """Who finds work e-mails, and who verifies."""
    settings = load(None, {f"HEADRACE_{name}": value for name, value in overlay.items()})
    made = make_plan(settings, make_vendors(settings))
    return [source.name for source in made.finders[Field.EMAIL]], list(made.verifiers)


def test_neither_is_in_an_order_by_itself() -> None:
    assert plan(PROBE__ENABLED="true", **IDENTITY) == ([], [])


def test_they_take_part_where_they_are_named_and_switched_on() -> None:
    assert plan(**ORDERS) == (["headrace_finder"], [])
    assert plan(**ORDERS, **IDENTITY, PROBE__ENABLED="true") == (["headrace_finder"], ["headrace_probe"])
    assert plan(**ORDERS, FINDER__ENABLED="false") == ([], [])


@pytest.mark.parametrize(
    ("overlay", "key"),
    [
        ({"WATERFALL__ORDER__PHONE": "headrace_finder"}, "waterfall.order.phone: headrace_finder cannot"),
        ({"WATERFALL__ORDER__EMAIL": "headrace_probe"}, "waterfall.order.email: headrace_probe cannot"),
        ({"VERIFICATION__ORDER": "headrace_finder"}, "verification.order: headrace_finder cannot"),
        ({"PROBE__ENABLED": "true"}, "probe.helo: is required"),
        ({"PROBE__ENABLED": "true", "PROBE__HELO": "probe.example.org"}, "probe.mail_from: is required"),
        ({"PROBE__HELO": "two words"}, "probe.helo: must"),
        ({"PROBE__MAIL_FROM": "<a@b.example>"}, "probe.mail_from: must"),
        ({"PROBE__PORT": "0"}, "probe.port"),
        ({"PROBE__TIMEOUT": "0"}, "probe.timeout"),
        ({"PROBE__PROXY": "http://127.0.0.1:1"}, "probe.proxy"),
        ({"PROBE__ALLOW_PRIVATE": "somewhere"}, "probe.allow_private"),
        ({"PROBE__DAILY_PER_DOMAIN": "0"}, "probe.daily_per_domain"),
        ({"FINDER__CANDIDATES": "0"}, "finder.candidates"),
        ({"DNS__TIMEOUT": "0"}, "dns.timeout"),
        ({"DNS__SERVERS": "ns.example:53"}, "dns.servers"),
        ({"DNS__SERVERS": "127.0.0.1:70000"}, "dns.servers"),
    ],
)
def test_what_is_wrong_is_named(overlay: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError, match=key.replace(".", r"\.")):
        plan(**overlay)


def test_a_name_server_may_have_an_address_of_either_kind() -> None:
    servers = load(None, {"HEADRACE_DNS__SERVERS": "127.0.0.1:5353,[::1]:53,127.0.0.1,::1"}).dns.servers
    assert servers == ("127.0.0.1:5353", "[::1]:53", "127.0.0.1", "::1")
