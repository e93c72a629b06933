"""What one process learns of a vendor, all know; and one of them tries whether it is over."""

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from typing import cast
from urllib.parse import urlsplit

import pytest
import redis

from headrace.domain.failures import Failure
from headrace.engine.clock import SystemClock
from headrace.engine.guard import Guard, Limits, Pass
from headrace.ports import Pause
from headrace.shared.breakers import ValkeyBoard
from headrace.shared.store import Shared
from tests.shared.conftest import Member, Pair
from tests.shared.waiting import until

FIND, VERIFY = "email", "verify"


@pytest.fixture
def vendor() -> str:
    """One that nobody else asks."""
    return f"vendor-{secrets.token_hex(6)}"


def guard(shared: Shared, vendor: str) -> Guard:
    limits = {(vendor, capability): Limits(100) for capability in (FIND, VERIFY)}
    return Guard(limits, SystemClock(), shared.rates, shared.breakers)


async def fleet(join: Callable[[], Shared], vendor: str, many: int = 3) -> list[Guard]:
    """Guards that hear each other."""
    members = [join() for _ in range(many)]
    guards = [guard(member, vendor) for member in members]
    await hearing(guards)
    return guards


async def hearing(guards: list[Guard]) -> None:
    """Returns once each has heard a message of another, and nothing is left that could be heard later: an end
    that was told twice might end what a test begins."""
    for teller in guards:
        board = teller.breakers._board
        others = [each for each in guards if each is not teller]
        name = teller.breakers.names[0]
        async with asyncio.timeout(20):
            while not all(each.breakers.reason(name) for each in others):
                board.opened(name, Pause(Failure.TIMEOUT, 60, 60))
                await asyncio.sleep(0.02)
        for each in guards:  # who has just joined also knows what it had missed
            await cast(ValkeyBoard, each.breakers._board).aclose()
        board.closed(name)
        await until(partial(none_is_open, others, name))


def none_is_open(guards: list[Guard], name: str) -> bool:
    return not any(each.breakers.reason(name) for each in guards)


async def told(teller: Guard, others: list[Guard], vendor: str) -> None:
    """Returns once the others, and so the store, have heard all that the teller had to tell."""
    last = f"{vendor}:{VERIFY}"
    teller.breakers._board.opened(last, Pause(Failure.TIMEOUT, 60, 60))
    await until(lambda: all(each.breakers.reason(last) for each in others))


async def goes(watch: Guard, vendor: str, capability: str = FIND) -> Pass:
    """The pass of a call, once it is let through."""
    async with asyncio.timeout(20):
        while isinstance(passed := await watch.enter(vendor, capability), str):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return passed


async def test_a_pause_and_its_end_in_a_process(pair: Pair, vendor: str) -> None:
    watch = guard(pair[0], vendor)
    watch.leave(await goes(watch, vendor), Failure.RATE_LIMITED, 0.1)
    assert await watch.enter(vendor, FIND) == "breaker_open: rate_limited"
    probe = await goes(watch, vendor)
    assert probe.probes
    assert await watch.enter(vendor, FIND) == "breaker_open: rate_limited"
    watch.leave(probe, None)
    assert watch.paused == {}


async def test_a_vendor_paused_in_one_process_is_paused_in_all(join: Member, vendor: str) -> None:
    one, *others = await fleet(join, vendor)
    one.leave(await goes(one, vendor), Failure.BAD_KEY)
    expected = {vendor: {"*": Failure.BAD_KEY, FIND: Failure.BAD_KEY}}
    await until(lambda: all(other.paused == expected for other in others))
    for other in others:
        assert await other.enter(vendor, VERIFY) == "breaker_open: bad_key"


async def test_one_capability_is_paused_in_all_after_five_failures_in_one(join: Member, vendor: str) -> None:
    one, *others = await fleet(join, vendor)
    for _ in range(5):
        one.leave(await goes(one, vendor), Failure.SERVER_ERROR)
    await until(lambda: all(other.paused == {vendor: {FIND: Failure.SERVER_ERROR}} for other in others))
    for other in others:
        other.leave(await goes(other, vendor, VERIFY), None)


async def test_after_a_pause_one_process_probes_and_its_success_ends_the_pause_for_all(
    join: Member, vendor: str
) -> None:
    guards = await fleet(join, vendor)
    guards[0].leave(await goes(guards[0], vendor), Failure.RATE_LIMITED, 0.3)
    await until(lambda: all(each.paused for each in guards))
    passes: list[Pass] = []

    async def hammer(watch: Guard) -> None:
        """Ask again and again until calls go without being probes."""
        while not passes or passes[-1].probes:
            passed = await watch.enter(vendor, FIND)
            if isinstance(passed, Pass):
                passes.append(passed)
                await asyncio.sleep(0.2 if passed.probes else 0)  # the others ask on while the probe is out
                watch.leave(passed, None)
            await asyncio.sleep(0.001)

    async with asyncio.timeout(20):
        await asyncio.gather(*(hammer(watch) for watch in guards for _ in range(5)))
    assert sum(bool(passed.probes) for passed in passes) == 1
    await until(lambda: not any(each.paused for each in guards))


async def test_a_probe_that_fails_makes_the_pause_longer_for_all(join: Member, vendor: str) -> None:
    one, other, _ = await fleet(join, vendor)
    one.leave(await goes(one, vendor), Failure.RATE_LIMITED, 0.1)
    one.leave(await goes(one, vendor), Failure.SERVER_ERROR)
    await until(lambda: other.paused == {vendor: {FIND: Failure.SERVER_ERROR}})
    name = f"{vendor}:{FIND}"
    assert other.breakers.pauses()[name].length == 60
    assert 50 < other.breakers.pauses()[name].seconds <= 60


async def test_who_has_not_heard_of_a_longer_pause_learns_it_when_it_would_probe(
    join: Member, vendor: str
) -> None:
    one, other, _ = await fleet(join, vendor)
    one.leave(await goes(one, vendor), Failure.BAD_KEY)
    await until(lambda: bool(other.paused))
    for name in other.breakers.names:
        other.breakers.hear(name, Pause(Failure.BAD_KEY, 0, 30, probed=True))  # as if it had been time
    assert await other.enter(vendor, FIND) == "breaker_open: bad_key"
    assert other.breakers.pauses()[f"{vendor}:*"].seconds > 20


async def test_who_has_not_heard_of_the_end_of_a_pause_learns_it_when_it_would_probe(
    join: Member, vendor: str
) -> None:
    one, other, _ = await fleet(join, vendor)
    one.leave(await goes(one, vendor), Failure.RATE_LIMITED, 0.1)
    await until(lambda: bool(other.paused))
    one.leave(await goes(one, vendor), None)
    await until(lambda: not other.paused)
    other.breakers.hear(f"{vendor}:{FIND}", Pause(Failure.RATE_LIMITED, 0, 30))  # as if it had not heard
    assert (await goes(other, vendor)).probes == {}


async def test_what_no_probe_found_makes_a_pause_longer_and_louder_and_never_the_reverse(
    join: Member, vendor: str
) -> None:
    """As when calls fail in processes that have not heard of each other yet."""
    teller, *others = await fleet(join, vendor)
    name = f"{vendor}:{FIND}"
    for pause in (
        Pause(Failure.RATE_LIMITED, 5, 30),
        Pause(Failure.OUT_OF_CREDITS, 30, 120),
        Pause(Failure.RATE_LIMITED, 50, 30),
        Pause(Failure.SERVER_ERROR, 1, 30),
    ):
        teller.breakers._board.opened(name, pause)
    await told(teller, others, vendor)
    late = guard(join(), vendor)
    await until(lambda: bool(late.paused))
    for each in (*others, late):
        pause = each.breakers.pauses()[name]
        assert (pause.reason, pause.length) == (Failure.OUT_OF_CREDITS, 120)
        assert 30 < pause.seconds <= 50


async def test_what_the_probe_found_takes_the_place_of_what_all_knew(join: Member, vendor: str) -> None:
    guards = await fleet(join, vendor)
    name = f"{vendor}:{FIND}"
    guards[0].leave(await goes(guards[0], vendor), Failure.OUT_OF_CREDITS)
    await until(lambda: all(each.paused for each in guards))
    guards[1].breakers._board.opened(name, Pause(Failure.RATE_LIMITED, 20, 30, probed=True))
    expected = {vendor: {FIND: Failure.RATE_LIMITED}}
    await until(lambda: guards[0].paused == guards[2].paused == expected)
    late = guard(join(), vendor)
    await until(lambda: late.paused == expected)
    assert late.breakers.pauses()[name].seconds <= 20


async def test_an_older_call_that_fails_does_not_give_the_probe_away(
    join: Member, vendor: str, valkey_url: str
) -> None:
    one, other, _ = await fleet(join, vendor)
    older = await goes(one, vendor)
    one.leave(await goes(one, vendor), Failure.RATE_LIMITED, 0.1)
    probe = await goes(one, vendor)
    one.leave(older, Failure.RATE_LIMITED, 0.1)
    with redis.Redis.from_url(valkey_url) as store:
        await told(one, [other], vendor)
        assert store.exists(f"headrace:probe:{vendor}:{FIND}")
    assert await other.enter(vendor, FIND) == "breaker_open: rate_limited"
    one.leave(probe, None)
    await until(lambda: other.breakers.reason(f"{vendor}:{FIND}") is None)


async def test_one_who_comes_late_learns_what_is_paused_and_for_how_long(join: Member, vendor: str) -> None:
    one, _ = await fleet(join, vendor, 2)
    one.leave(await goes(one, vendor), Failure.BAD_KEY)
    await until(lambda: bool(one.paused))
    late = guard(join(), vendor)
    await until(lambda: late.paused == one.paused)
    assert 20 < late.breakers.pauses()[f"{vendor}:*"].seconds <= 30


async def test_a_probe_that_was_given_up_leaves_room_for_another_process(join: Member, vendor: str) -> None:
    one, other, _ = await fleet(join, vendor)
    one.leave(await goes(one, vendor), Failure.RATE_LIMITED, 0.1)
    await until(lambda: bool(other.paused))
    probe = await goes(one, vendor)
    assert await other.enter(vendor, FIND) == "breaker_open: rate_limited"
    one.abandon(probe)
    assert (await goes(other, vendor)).probes


async def test_a_process_that_dies_with_the_probe_holds_the_others_up_for_a_minute_at_most(
    join: Member, vendor: str, valkey_url: str
) -> None:
    one, _ = await fleet(join, vendor, 2)
    one.leave(await goes(one, vendor), Failure.RATE_LIMITED, 0.1)
    assert (await goes(one, vendor)).probes
    with redis.Redis.from_url(valkey_url) as store:
        assert 0 < store.pttl(f"headrace:probe:{vendor}:{FIND}") <= 60_000


async def test_another_fleet_on_the_same_store_is_not_heard(
    join: Member, vendor: str, valkey_url: str
) -> None:
    """Such as a rehearsal with a bad key, under another number of the database."""
    ours, ours_too = await fleet(join, vendor, 2)
    elsewhere = urlsplit(valkey_url)._replace(path="/1").geturl()
    theirs, theirs_too = await fleet(lambda: join(elsewhere), vendor, 2)
    theirs.leave(await goes(theirs, vendor), Failure.BAD_KEY)
    await until(lambda: bool(theirs_too.paused))
    await told(ours, [ours_too], vendor)  # after which what was told before would have been heard

    assert {FIND, "*"}.isdisjoint(ours.paused.get(vendor, {}))
    ours.leave(await goes(ours, vendor), None)
    last = f"{vendor}:{VERIFY}"
    ours.breakers._board.closed(last)
    await until(lambda: not ours_too.paused)
    assert theirs.paused == theirs_too.paused == {vendor: {"*": Failure.BAD_KEY, FIND: Failure.BAD_KEY}}


async def test_messages_that_make_no_sense_are_passed_over(
    join: Member, vendor: str, valkey_url: str
) -> None:
    one, other = await fleet(join, vendor, 2)
    with redis.Redis.from_url(valkey_url) as store:
        for message in (
            b"",
            b"{",
            b'{"sender":"x","name":"y","pause":{"reason":"new","seconds":1,"length":1}}',
        ):
            store.publish("headrace:0:breakers", message)
        store.publish("headrace:0:breakers", b'{"sender":"x","name":"unknown","pause":null}')
    one.leave(await goes(one, vendor), Failure.BAD_KEY)
    await until(lambda: other.paused == one.paused)
