"""Where mail goes, and what is known when name servers fail."""

import asyncio

import pytest

from headrace.mail.dns import MailRoutes
from headrace.mail.evidence import Result
from headrace.sandbox.mail.mailboxes import ODD
from tests.mail.setting import ManualClock, Setting, in_lab


async def test_hosts_come_in_order_of_preference(setting: Setting) -> None:
    found = await setting.routes().of(f"failover.{ODD}")
    assert [server.name for server in found.servers] == [
        f"mx.{case}.{ODD}" for case in ("refuses", "busy", "normal")
    ]


async def test_equals_are_shuffled(setting: Setting) -> None:
    setting.lab.zones.mail(
        f"equals.{ODD}", *((10, f"mx.{case}.{ODD}") for case in ("normal", "exim", "utf8"))
    )
    orders = {(await setting.routes().of(f"equals.{ODD}")).exchanges for _ in range(150)}
    assert len(orders) == 6


async def test_fifty_hosts_come_by_tcp_and_few_are_looked_up(setting: Setting) -> None:
    found = await setting.routes().of(f"fifty.{ODD}")
    assert setting.lab.names.over_tcp == 1
    assert [server.name[:4] for server in found.servers] == [f"mx0{number}" for number in range(1, 9)]
    assert (
        sum(setting.lab.names.asked.values()) == 10
    )  # the MX twice, the second time by TCP; eight addresses


@pytest.mark.parametrize(
    ("domain", "name"),
    [("MÜNCHEN", "xn--mnchen-3ya"), ("XN--MNCHEN-3YA", "xn--mnchen-3ya"), ("Normal", "normal")],
)
async def test_one_spelling(setting: Setting, domain: str, name: str) -> None:
    found = await setting.routes().of(f"{domain}.{ODD}")
    assert (found.result, found.domain) == (Result.YES, f"{name}.{ODD}")


@pytest.mark.parametrize(
    "domain", ["a..b", f"{'x' * 64}.example", ".".join(["label"] * 50), "xn--a-.example"]
)
async def test_no_domain(setting: Setting, domain: str) -> None:
    assert (await setting.routes().of(domain)).result is Result.NO


async def test_the_null_mx_among_others_is_no_host(setting: Setting) -> None:
    setting.lab.zones.add(f"mixed.{ODD}", "MX", "0 .", f"10 mx.normal.{ODD}.")
    found = await setting.routes().of(f"mixed.{ODD}")
    assert (found.result, found.exchanges) == (Result.YES, (f"mx.normal.{ODD}",))


async def test_ipv6_only_without_ipv4(setting: Setting) -> None:
    setting.lab.zones.mail(f"six.{ODD}", (10, f"mx.six.{ODD}"))
    setting.lab.zones.add(f"mx.six.{ODD}", "AAAA", "2606:4700:4700::1111")
    found = await setting.routes().of(f"six.{ODD}")
    assert [str(address) for address in found.servers[0].addresses] == ["2606:4700:4700::1111"]
    await setting.routes().of(f"normal.{ODD}")
    assert (f"mx.normal.{ODD}", "AAAA") not in setting.lab.names.asked


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.10.10", "100.64.0.1", "0.0.0.0"])
async def test_addresses_that_are_not_public(setting: Setting, address: str) -> None:
    setting.lab.zones.add(f"near.{ODD}", "A", address)
    found = await setting.routes().of(f"near.{ODD}")
    assert (found.result, found.reason, found.servers) == (Result.UNKNOWN, "mail_host_not_public", ())


async def test_only_public_addresses_of_a_mixed_host_remain(setting: Setting) -> None:
    setting.lab.zones.add(f"mixed.{ODD}", "A", "10.0.0.1", "9.9.9.9")
    found = await setting.routes().of(f"mixed.{ODD}")
    assert [str(address) for address in found.servers[0].addresses] == ["9.9.9.9"]


async def test_one_failing_host_does_not_hide_the_others(setting: Setting) -> None:
    setting.lab.zones.mail(f"half.{ODD}", (10, f"mx.deafmx.{ODD}"), (20, f"mx.normal.{ODD}"))
    found = await setting.routes().of(f"half.{ODD}")
    assert [server.name for server in found.servers] == [f"mx.normal.{ODD}"]


async def test_one_failing_host_among_lost_ones_leaves_it_open(setting: Setting) -> None:
    setting.lab.zones.mail(f"half.{ODD}", (10, f"mx.deafmx.{ODD}"), (20, f"gone.{ODD}"))
    assert (await setting.routes().of(f"half.{ODD}")).result is Result.UNKNOWN


async def test_answers_are_kept_for_as_long_as_they_say(setting: Setting) -> None:
    routes, asked = setting.routes(), setting.lab.names.asked
    for _ in range(3):
        await routes.of(f"normal.{ODD}")
    assert asked[f"normal.{ODD}", "MX"] == 1
    setting.clock.now += 299
    await routes.of(f"normal.{ODD}")
    assert asked[f"normal.{ODD}", "MX"] == 1
    setting.clock.now += 2
    await routes.of(f"normal.{ODD}")
    assert asked[f"normal.{ODD}", "MX"] == 2


async def test_the_shortest_time_counts(setting: Setting) -> None:
    setting.lab.zones.add(f"mx.normal.{ODD}", "A", setting.lab.addresses["normal"], ttl=30)
    routes, asked = setting.routes(), setting.lab.names.asked
    await routes.of(f"normal.{ODD}")
    setting.clock.now += 31
    await routes.of(f"normal.{ODD}")
    assert asked[f"normal.{ODD}", "MX"] == 2


async def test_a_failure_is_soon_asked_about_again(setting: Setting) -> None:
    routes, zones = setting.routes(), setting.lab.zones
    zones.faults[f"normal.{ODD}"] = "servfail"
    assert (await routes.of(f"normal.{ODD}")).result is Result.UNKNOWN
    zones.faults.clear()
    assert (await routes.of(f"normal.{ODD}")).result is Result.UNKNOWN
    setting.clock.now += 11
    assert (await routes.of(f"normal.{ODD}")).result is Result.YES


async def test_many_who_ask_at_once_ask_once(setting: Setting) -> None:
    routes = setting.routes()
    found = await asyncio.gather(*(routes.of(f"normal.{ODD}") for _ in range(50)))
    assert {item.result for item in found} == {Result.YES}
    assert setting.lab.names.asked[f"normal.{ODD}", "MX"] == 1


async def test_a_second_name_server_answers_for_the_first(setting: Setting) -> None:
    servers = ["127.0.0.1:9", f"127.0.0.1:{setting.lab.dns_port}"]
    routes = MailRoutes(servers, 6.0, ManualClock(), in_lab)  # two of which the first has for itself
    assert (await routes.of(f"nullmx.{ODD}")).reason == "null_mx"


@pytest.mark.parametrize("text", ["nameserver.example", "127.0.0.1:port", "[::1"])
def test_name_servers_are_addresses(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        MailRoutes([text], 1.0, ManualClock())


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.1:5353", "::1", "[::1]:5353"])
def test_spellings_of_a_name_server(text: str) -> None:
    MailRoutes([text], 1.0, ManualClock())


async def test_the_machines_own_resolver_is_used_without_servers() -> None:
    MailRoutes((), 1.0, ManualClock())
