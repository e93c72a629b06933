"""How often mail hosts are bothered."""

import asyncio
import random
from contextlib import suppress

import pytest

from headrace.mail.pace import Limits, Pace, Withheld
from headrace.sandbox.mail.mailboxes import ODD
from tests.mail.setting import ManualClock, Setting


def paced(clock: ManualClock, **limits: float) -> Pace:
    return Pace(Limits(**{"per_second": 0.0, **limits}), clock, clock.sleep)  # type: ignore[arg-type]


async def most_at_once(pace: Pace, hosts: list[str], at_once: int = 1) -> int:
    inside = most = 0

    async def visit(host: str) -> None:
        nonlocal inside, most
        async with pace.turn(host, "a.example", at_once):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(visit(host) for host in hosts))
    return most


async def test_one_at_a_time_at_one_host() -> None:
    assert await most_at_once(paced(ManualClock()), ["mx"] * 20) == 1


async def test_more_at_a_host_that_is_known_to_bear_it() -> None:
    assert await most_at_once(paced(ManualClock()), ["mx"] * 20, at_once=4) == 4


async def test_hosts_do_not_wait_for_each_other_up_to_a_limit() -> None:
    hosts = [f"mx{number}" for number in range(20)]
    assert await most_at_once(paced(ManualClock()), hosts) == 20
    assert await most_at_once(paced(ManualClock(), at_once=7), hosts) == 7


async def test_over_real_sockets(setting: Setting) -> None:
    prober = setting.prober()
    addresses = [
        f"{local}@{case}.{ODD}" for local in ("ana", "bob", "eve", "joe") for case in ("normal", "exim")
    ]
    random.Random(1).shuffle(addresses)
    await asyncio.gather(*(prober.verify(address, 60) for address in addresses))
    assert set(setting.lab.book.most_open.values()) == {1}


async def test_so_many_per_second() -> None:
    clock = ManualClock()
    pace, begun = paced(clock, per_second=20.0), clock.now
    for number in range(41):
        async with pace.turn(f"mx{number}", "a.example"):
            pass
    assert clock.now - begun == pytest.approx(2.0, abs=1e-5)


async def test_time_that_passes_anyway_counts() -> None:
    clock = ManualClock()
    pace = paced(clock, per_second=1.0)
    for _ in range(5):
        async with pace.turn("mx", "a.example"):
            clock.now += 3
    assert clock.slept == []


async def test_so_many_per_domain_and_day() -> None:
    clock = ManualClock()
    pace = paced(clock, daily_per_domain=3)

    async def visits(domain: str) -> int:
        done = 0
        for _ in range(5):
            with suppress(Withheld):
                async with pace.turn("mx", domain):
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
            async with pace.turn("mx", "a.example"):
                raise RuntimeError
