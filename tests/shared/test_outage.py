"""Valkey goes away and comes back: nobody is refused for that, and nobody has to do anything."""

import asyncio
import re
import secrets
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import redis
from structlog.testing import capture_logs

from headrace import logs
from headrace.domain.failures import Failure
from headrace.engine.clock import SystemClock
from headrace.engine.guard import Guard, Limits, Pass
from headrace.shared import breakers as breakers_module
from headrace.shared import flights as flights_module
from headrace.shared import rates as rates_module
from headrace.shared.connect import connect
from headrace.shared.link import PATIENCE, Script
from headrace.shared.rates import ValkeyRates
from headrace.shared.store import Shared
from tests.servers import Valkey
from tests.shared.waiting import until, until_so

VENDOR, FIND = "vendor", "email"

CALM = 2.0
"""Seconds."""


@pytest.fixture
def server() -> Iterator[Valkey]:
    with Valkey() as made:
        yield made


@asynccontextmanager
async def joined(server: Valkey, patience: float) -> AsyncIterator[list[Shared]]:
    """Two processes."""
    made = [connect(server.url, SystemClock(), patience) for _ in range(2)]
    for member in made:
        member.start()
    yield made
    for member in made:
        await member.aclose()


@pytest.fixture
async def members(server: Valkey) -> AsyncIterator[list[Shared]]:
    """Those that wait for as long as a busy machine may take: a store that is gone refuses at once."""
    async with joined(server, 30.0) as made:
        yield made


@pytest.fixture
async def hasty(server: Valkey) -> AsyncIterator[list[Shared]]:
    """Those with the patience that they have in earnest."""
    async with joined(server, PATIENCE) as made:
        yield made


@pytest.fixture
async def calm(server: Valkey) -> AsyncIterator[list[Shared]]:
    """Those that wait for as long as a machine may stand still."""
    async with joined(server, CALM) as made:
        yield made


@pytest.fixture
def talkative() -> Iterator[None]:
    """Log as in earnest; the other tests hear of errors only."""
    logs.configure("info", "json")
    yield
    logs.configure("error", "json")


def away(member: Shared) -> bool:
    assert isinstance(member.rates, ValkeyRates)
    return member.rates._link.away


def key() -> str:
    return secrets.token_hex(8)


async def admissions(member: Shared, of: str, calls: int, asked: int) -> int:
    """How many of those who ask are admitted."""
    told = [await member.rates.admit(of, calls, 60) for _ in range(asked)]
    return sum(each.wait == 0 for each in told)


async def shares(members: list[Shared]) -> bool:
    """Whether all count together."""
    fresh = key()
    return sum([await admissions(member, fresh, 1, 1) for member in members]) == 1


@pytest.mark.usefixtures("talkative")
async def test_rates_are_kept_per_process_while_the_store_is_away_and_together_afterwards(
    server: Valkey, members: list[Shared]
) -> None:
    await until_so(lambda: shares(members))
    one, _ = members
    busy = key()
    assert await admissions(one, busy, 10, 4) == 4
    with capture_logs() as lines:
        server.stop()
        assert await admissions(one, busy, 10, 20) == 6, "what this process admitted before still counts"
        assert [await admissions(member, key(), 5, 8) for member in members] == [5, 5]
        server.start()
        await until_so(lambda: shares(members))
    events = [line["event"] for line in lines]
    assert sorted(events) == ["shared_store_back"] * 2 + ["shared_store_unavailable"] * 2


async def test_a_store_that_hangs_is_away_too(server: Valkey, hasty: list[Shared]) -> None:
    await until_so(lambda: shares(hasty))
    assert server._process
    server._process.send_signal(signal.SIGSTOP)
    try:
        for member in hasty:
            told = await asyncio.gather(*(member.rates.admit("hanging", 5, 60) for _ in range(50)))
            assert sum(each.wait == 0 for each in told) == 5
            assert away(member)
    finally:
        server._process.send_signal(signal.SIGCONT)
    await until_so(lambda: shares(hasty))


async def test_a_store_that_answers_late_for_once_is_not_away(server: Valkey, calm: list[Shared]) -> None:
    """Nor is one whose answer this process had no time to read: to the process it is the same."""
    await until_so(lambda: shares(calm))
    busy = key()
    assert await admissions(calm[0], busy, 5, 2) == 2
    with redis.Redis.from_url(server.url) as store:
        store.client_pause(round(1.1 * CALM * 1000))  # longer than a reply is waited for
        told = await asyncio.gather(*(member.rates.admit(busy, 5, 60) for member in calm for _ in range(8)))
    assert [away(member) for member in calm] == [False, False]
    assert sum(each.wait == 0 for each in told) <= 3, "what was counted twice is not admitted twice"
    assert (await calm[0].rates.admit(busy, 5, 60)).wait > 0


async def test_a_store_that_refuses_to_write_is_away_too(server: Valkey, members: list[Shared]) -> None:
    await until_so(lambda: shares(members))
    with redis.Redis.from_url(server.url) as store:
        store.replicaof("127.0.0.1", "1")
        assert [await admissions(member, "read-only", 5, 8) for member in members] == [5, 5]
        assert [away(member) for member in members] == [True, True]
        store.replicaof("NO", "ONE")
    await until_so(lambda: shares(members))


@pytest.mark.usefixtures("talkative")
async def test_what_a_store_refuses_is_said_and_the_rest_is_shared(
    server: Valkey, members: list[Shared]
) -> None:
    await until_so(lambda: shares(members))
    with redis.Redis.from_url(server.url) as store, capture_logs() as lines:
        store.execute_command("ACL", "SETUSER", "default", "-zadd")
        assert [await admissions(member, key(), 5, 8) for member in members] == [5, 5]
        assert [away(member) for member in members] == [False, False]
        assert await works_together(members)
        store.execute_command("ACL", "SETUSER", "default", "+zadd")
    assert await shares(members)
    assert [line["event"] for line in lines] == ["shared_store_refused"] * 2, "once by each process"


@pytest.mark.usefixtures("talkative")
async def test_a_channel_that_may_not_be_heard_is_said(server: Valkey) -> None:
    with redis.Redis.from_url(server.url) as store, capture_logs() as lines:
        store.execute_command("ACL", "SETUSER", "default", "resetchannels")
        member = connect(server.url, SystemClock(), 30.0)
        member.start()
        await until(lambda: bool(lines))
        store.execute_command("ACL", "SETUSER", "default", "allchannels")
        await member.aclose()
    assert {line["event"] for line in lines} == {"shared_store_refused"}


async def works_together(members: list[Shared]) -> bool:
    """Whether equal work of all is done once."""
    done = 0
    of, finish = key(), asyncio.Event()

    async def work() -> bytes:
        nonlocal done
        done += 1
        await finish.wait()
        return b"done"

    flights = [asyncio.create_task(member.flights.once(of, work, 60)) for member in members]
    await until(lambda: bool(done))
    await until(lambda: any(of in member.flights._awaited for member in members))  # type: ignore[attr-defined]
    finish.set()
    results = await asyncio.gather(*flights)
    return done == 1 and sorted(joined for _, joined in results) == [False, True]


def test_no_script_asks_for_what_redis_does_from_7_on_only() -> None:
    """To set a key that there is none of and to read it, in one step."""
    modules = (breakers_module, flights_module, rates_module)
    scripts = [each for module in modules for each in vars(module).values() if isinstance(each, Script)]
    assert len(scripts) > 5
    for script in scripts:
        assert not re.search(r"'NX'.*'GET'|'GET'.*'NX'", script.source)


async def test_a_store_that_is_not_there_at_the_start_is_used_once_it_is(server: Valkey) -> None:
    server.stop()
    made = [connect(server.url, SystemClock()) for _ in range(2)]
    for member in made:
        member.start()
        assert await admissions(member, key(), 5, 8) == 5
    server.start()
    await until_so(lambda: shares(made))
    for member in made:
        await member.aclose()


async def test_work_under_way_is_finished_and_those_who_waited_elsewhere_do_it_themselves(
    server: Valkey, members: list[Shared]
) -> None:
    await until_so(lambda: shares(members))
    may_end, worked = asyncio.Event(), []

    async def work(who: int) -> bytes:
        worked.append(who)
        await may_end.wait()
        return b"%d" % who

    asked = []
    for who, member in enumerate(members):
        own = partial(work, who)
        asked += [asyncio.create_task(member.flights.once("key", own, 60)) for _ in range(3)]
        await until(lambda: bool(worked))
    server.stop()
    await until(lambda: sorted(worked) == [0, 1])
    may_end.set()
    assert sorted(await asyncio.gather(*asked)) == sorted(
        [(b"0", False), *[(b"0", True)] * 2, (b"1", False), *[(b"1", True)] * 2]
    )


def guards(members: list[Shared]) -> list[Guard]:
    limits = {(VENDOR, FIND): Limits(10)}
    return [Guard(limits, SystemClock(), member.rates, member.breakers) for member in members]


async def goes(watch: Guard) -> Pass:
    async with asyncio.timeout(20):
        while isinstance(passed := await watch.enter(VENDOR, FIND), str):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return passed


async def test_breakers_are_each_processs_own_while_the_store_is_away_and_shared_afterwards(
    server: Valkey, members: list[Shared]
) -> None:
    one, other = guards(members)
    await until_so(lambda: shares(members))
    server.stop()
    one.leave(await goes(one), Failure.RATE_LIMITED, 0.1)
    probe = await goes(one)
    assert probe.probes
    one.leave(probe, Failure.BAD_KEY)
    assert other.paused == {}
    server.start()
    await until(lambda: other.paused == one.paused != {})
    assert isinstance(await other.enter(VENDOR, FIND), str)


async def test_a_pause_is_heard_after_the_store_was_restarted(server: Valkey, members: list[Shared]) -> None:
    one, other = guards(members)
    await until_so(lambda: shares(members))
    server.stop()
    server.start()
    await until_so(lambda: shares(members))
    one.leave(await goes(one), Failure.BAD_KEY)
    await until(lambda: other.paused == one.paused)
