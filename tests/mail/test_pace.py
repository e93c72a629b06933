"""How often mail hosts are bothered."""

import asyncio
import random
from contextlib import suppress
from ipaddress import ip_address

import pytest

from headrace.mail.doors import Door
from headrace.mail.mailhosts import recognise
from headrace.mail.pace import Limits, Pace, Withheld
from headrace.mail.progress import Progress
from headrace.sandbox.mail.mailboxes import ODD
from tests.mail.setting import ManualClock, Setting


def paced(clock: ManualClock, **limits: float) -> Pace:
    return Pace(Limits(**{"per_second": 0.0, **limits}), clock, clock.sleep)  # type: ignore[arg-type]


def door(name: str, address: str = "192.0.2.1") -> Door:
    return Door(name, ip_address(address), recognise([name]))


async def most_at_once(pace: Pace, doors: list[Door]) -> int:
    inside = most = 0

    async def visit(door: Door) -> None:
        nonlocal inside, most
        async with pace.turn(door, "a.example", Progress()):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*map(visit, doors))
    return most


async def test_one_at_a_time_at_one_host() -> None:
    assert await most_at_once(paced(ManualClock()), [door("mx")] * 20) == 1


async def test_a_host_is_a_machine_whatever_its_names_and_a_name_whatever_its_machines() -> None:
    names = [door(f"mx{number}", "192.0.2.1") for number in range(20)]
    machines = [door("mx", f"192.0.2.{number}") for number in range(20)]
    assert await most_at_once(paced(ManualClock()), names) == 1
    assert await most_at_once(paced(ManualClock()), machines) == 1


async def test_more_at_a_host_that_is_known_to_bear_it() -> None:
    assert await most_at_once(paced(ManualClock()), [door("aspmx.l.google.com")] * 20) == 4


async def test_hosts_do_not_wait_for_each_other_up_to_a_limit() -> None:
    doors = [door(f"mx{number}", f"192.0.2.{number}") for number in range(20)]
    assert await most_at_once(paced(ManualClock()), doors) == 20
    assert await most_at_once(paced(ManualClock(), at_once=7), doors) == 7


async def test_over_real_sockets(setting: Setting) -> None:
    prober = setting.prober()
    addresses = [
        f"{local}@{case}.{ODD}" for local in ("ana", "bob", "eve", "joe") for case in ("normal", "exim")
    ]
    random.Random(1).shuffle(addresses)
    await asyncio.gather(*(prober.verify(address, 60) for address in addresses))
    assert set(setting.lab.book.most_open.values()) == {1}


async def test_one_at_a_time_at_a_machine_with_many_names(setting: Setting) -> None:
    domains = [f"customer{number}.{ODD}" for number in range(30)]
    for domain in domains:
        setting.lab.zones.mail(domain, (0, domain))
        setting.lab.zones.add(domain, "A", setting.lab.addresses["normal"])
    prober = setting.prober()
    told = await asyncio.gather(*(prober.verify(f"ana@{domain}", 60) for domain in domains))
    assert {each.verdict.grade for each in told} == {"deliverable"}
    assert setting.lab.book.most_open["normal"] == 1


async def test_so_many_per_second() -> None:
    clock = ManualClock()
    pace, begun = paced(clock, per_second=20.0), clock.now
    for number in range(41):
        async with pace.turn(door(f"mx{number}"), "a.example", Progress()):
            pass
    assert clock.now - begun == pytest.approx(2.0, abs=1e-5)


async def test_time_that_passes_anyway_counts() -> None:
    clock = ManualClock()
    pace = paced(clock, per_second=1.0)
    for _ in range(5):
        async with pace.turn(door("mx"), "a.example", Progress()):
            clock.now += 3
    assert clock.slept == []


async def test_so_many_per_domain_and_day() -> None:
    clock = ManualClock()
    pace = paced(clock, daily_per_domain=3)

    async def visits(domain: str) -> int:
        done = 0
        for _ in range(5):
            with suppress(Withheld):
                async with pace.turn(door("mx"), domain, Progress()):
                    done += 1
        return done

    assert [await visits("a.example"), await visits("a.example"), await visits("b.example")] == [3, 0, 3]
    clock.now += 86_400
    assert await visits("a.example") == 3


async def test_the_cap_is_a_verdict_of_unknown(setting: Setting) -> None:
    setting.limits = Limits(per_second=0.0, daily_per_domain=1)
    prober = setting.prober()
    told = [(await prober.verify(f"nobody@normal.{ODD}", 60)).verdict for _ in range(2)]
    assert [(verdict.grade, verdict.reason) for verdict in told] == [
        ("invalid", "mailbox_not_found"),
        ("unknown", "daily_cap_reached"),
    ]


async def test_a_failure_gives_the_turn_back() -> None:
    pace = paced(ManualClock())
    for _ in range(3):
        with pytest.raises(RuntimeError):
            async with pace.turn(door("mx"), "a.example", Progress()):
                raise RuntimeError
