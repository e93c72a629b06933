"""One contract for rates, in memory and over Valkey; then what only a fleet can show."""

import asyncio
import time
from bisect import bisect_left, bisect_right
from itertools import pairwise

import pytest
import redis

from headrace.ports import Rates
from tests.shared.admissions import Admissions
from tests.shared.children import children
from tests.shared.conftest import Member, Pair


async def admitted(rates: Rates, key: str, calls: int, seconds: float) -> None:
    """Ask until admitted, after exactly the waits that are told."""
    async with asyncio.timeout(20):
        while wait := (await rates.admit(key, calls, seconds)).wait:
            assert 0 < wait <= seconds
            await asyncio.sleep(wait)


async def test_so_many_are_admitted_and_the_next_is_told_to_wait(pair: Pair, key: str) -> None:
    one, other = pair
    told = [await (one, other)[number % 2].rates.admit(key, 50, 60) for number in range(60)]
    assert [each.wait == 0 for each in told] == [True] * 50 + [False] * 10
    assert [each.remaining for each in told] == [*range(49, -1, -1), *[0] * 10]
    assert all(0 < each.wait <= 60 for each in told[50:])
    assert all(59 < each.reset_after <= 60 for each in told[:1])
    for waits in ([each.wait for each in told[first::2]] for first in (50, 51)):
        assert waits == sorted(waits, reverse=True), "it gets shorter as time goes on"


async def test_those_that_ask_at_once_count_once_each(pair: Pair, key: str) -> None:
    one, other = pair
    told = await asyncio.gather(*((one, other)[n % 2].rates.admit(key, 100, 60) for n in range(500)))
    assert sum(each.wait == 0 for each in told) == 100
    assert sorted(each.remaining for each in told if each.wait == 0) == list(range(100))


async def test_whoever_waits_as_told_is_admitted(pair: Pair, key: str) -> None:
    one, other = pair
    for _ in range(5):
        await admitted(one.rates, key, 2, 0.1)
        await admitted(other.rates, key, 2, 0.1)


async def test_no_sliding_stretch_holds_more_than_allowed(pair: Pair, key: str) -> None:
    went: list[tuple[float, float]] = []
    end = time.monotonic() + 1.0

    async def hammer(rates: Rates) -> None:
        while time.monotonic() < end or len(went) <= 5:  # a second may be over before the first stretch is
            sent = time.monotonic()
            if not (await rates.admit(key, 5, 0.1)).wait:
                went.append((sent, time.monotonic()))
            await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await asyncio.gather(*(hammer(shared.rates) for shared in pair))
    for first, _ in went:
        assert sum(sent >= first and received < first + 0.1 for sent, received in went) <= 5


async def test_who_only_looks_is_told_where_it_stands_and_does_not_count(pair: Pair, key: str) -> None:
    assert (await pair[0].rates.look(key, 3, 60)).remaining == 3
    for used in (1, 2, 3):
        told = await pair[0].rates.admit(key, 3, 60)
        seen = [await each.rates.look(key, 3, 60) for each in pair for _ in range(4)]
        assert {look.remaining for look in seen} == {3 - used}
        assert all(look.wait == 0 and 0 < look.reset_after <= told.reset_after for look in seen)
    assert (await pair[1].rates.admit(key, 3, 60)).wait > 0


async def test_keys_are_counted_apart(pair: Pair, key: str) -> None:
    rates = pair[0].rates
    assert [(await rates.admit(f"{key}:{n % 3}", 1, 60)).wait == 0 for n in range(6)] == [True] * 3 + [
        False
    ] * 3


async def test_half_a_call_in_a_stretch_and_very_long_stretches_are_kept(pair: Pair, key: str) -> None:
    rates = pair[0].rates
    assert (await rates.admit(key, 1, 86_400.5)).wait == 0
    assert 86_000 < (await rates.admit(key, 1, 86_400.5)).wait <= 86_400.5


async def test_one_who_gives_up_asking_leaves_the_others_alone(pair: Pair, key: str) -> None:
    rates = pair[0].rates
    asked = [asyncio.create_task(rates.admit(key, 100, 60)) for _ in range(10)]
    await asyncio.sleep(0)
    asked[3].cancel()
    told = await asyncio.gather(*asked, return_exceptions=True)
    others = [each for each in told if not isinstance(each, BaseException)]
    assert len(others) >= 9
    assert all(each.wait == 0 for each in others)


async def test_a_log_is_gone_from_the_store_when_it_is_empty(join: Member, key: str, valkey_url: str) -> None:
    rates, since = join().rates, time.monotonic()
    await rates.admit(key, 5, 60)
    with redis.Redis.from_url(valkey_url) as store:
        left = store.pttl(f"headrace:rate:{key}")
        assert left <= 60_000
        assert left + (time.monotonic() - since) * 1000 > 59_000


async def test_while_a_log_is_full_nobody_asks_the_store(join: Member, key: str, valkey_url: str) -> None:
    """An account that asks far too often costs the store next to nothing."""
    rates = join().rates
    told = [await rates.admit(key, 2, 60) for _ in range(3)]
    with redis.Redis.from_url(valkey_url) as store:
        store.delete(f"headrace:rate:{key}")  # who asked would be admitted now
    told += [await rates.admit(key, 2, 60) for _ in range(20)]
    assert [each.wait == 0 for each in told] == [True] * 2 + [False] * 21
    assert all(0 < later.wait <= earlier.wait for earlier, later in pairwise(told[2:]))
    assert all(0 < each.reset_after <= 60 for each in told)


@pytest.mark.parametrize("ahead", [20.0, 86_400.0])
async def test_a_clock_that_is_set_back_neither_locks_anyone_out_nor_lets_more_through(
    join: Member, key: str, valkey_url: str, ahead: float
) -> None:
    """As it looks to the store: all that was admitted was admitted in the future."""
    rates = join().rates
    with redis.Redis.from_url(valkey_url) as store:
        future = int((time.time() + ahead) * 1_000_000)
        store.zadd(f"headrace:rate:{key}", {str(future + n): future + n for n in range(3)})
    refused = await rates.admit(key, 3, 0.3)
    assert 0 < refused.wait <= 0.3
    assert refused.remaining == 0
    await admitted(rates, key, 3, 0.3)


async def test_a_restarted_store_that_forgot_the_script_learns_it_again(
    join: Member, key: str, valkey_url: str
) -> None:
    rates = join().rates
    await rates.admit(key, 5, 60)
    with redis.Redis.from_url(valkey_url) as store:
        store.script_flush()
    assert (await rates.admit(key, 5, 60)).remaining == 3


async def test_three_processes_on_one_key_keep_the_rate_and_use_it_up(valkey_url: str, key: str) -> None:
    calls, seconds = 50, 4.0
    with (
        children(3, "hammer", valkey_url, key, str(calls), str(seconds)) as hammers,
        Admissions(valkey_url, f"headrace:rate:{key}") as log,
    ):
        for hammer in hammers:
            hammer.go()
        reports = [await asyncio.to_thread(hammer.told) for hammer in hammers]
    times = sorted(log.times)
    assert len(times) == sum(report["admitted"] for report in reports), "every entry was seen"
    for index, first in enumerate(times):
        assert sum(at < first + 1_000_000 for at in times[index:]) <= calls
    assert len(times) > calls, "it went on after the first second"
    # And of each that was refused: so many were admitted in the second before.
    for report in reports:
        assert len(report["refused"]) > 100, "the limit was really driven at"
        for sent, received in report["refused"]:
            after, before = bisect_right(times, (sent - 1.0) * 1e6), bisect_left(times, received * 1e6)
            assert before - after >= calls
