"""Who is let through to a vendor, and that every place is given back."""

import asyncio

import pytest
from structlog.testing import capture_logs

from headrace.domain.failures import Failure, Unsent
from headrace.engine.breaker import PAUSE, THRESHOLD
from headrace.engine.breakers import LocalBoard
from headrace.engine.clock import SystemClock
from headrace.engine.guard import Guard, Limits, Pass, Quota
from headrace.engine.rates import LocalRates
from tests.engine.clocks import HandClock

FIND, VERIFY = "email", "verify"


def guard(concurrency: int = 2, **quotas: Quota) -> tuple[Guard, HandClock]:
    clock = HandClock()
    limits = {
        ("a", capability): Limits(concurrency, quotas.get(capability) or quotas.get("shared"))
        for capability in (FIND, VERIFY)
    }
    limits["b", FIND] = Limits(concurrency)
    return Guard(limits, clock, LocalRates(clock), LocalBoard()), clock


async def goes(watch: Guard, vendor: str, capability: str) -> Pass:
    """The pass of a call that must be let through."""
    passed = await watch.enter(vendor, capability)
    assert isinstance(passed, Pass), passed
    return passed


async def test_a_call_goes_and_a_place_is_taken_and_given_back() -> None:
    watch, _ = guard(concurrency=1)
    for _ in range(5):
        watch.leave(await goes(watch, "a", FIND), None)


async def test_a_call_beyond_the_places_waits_for_one() -> None:
    watch, _ = guard(concurrency=1)
    first = await goes(watch, "a", FIND)
    second = asyncio.create_task(goes(watch, "a", FIND))
    await asyncio.sleep(0)
    assert not second.done()
    watch.leave(first, None)
    assert await second


async def test_that_an_operator_must_act_is_said_also_of_a_vendor_that_is_paused_already() -> None:
    watch, _ = guard()
    first, second = await goes(watch, "a", FIND), await goes(watch, "a", FIND)
    watch.leave(first, Failure.RATE_LIMITED)
    with capture_logs() as logs:
        watch.leave(second, Failure.OUT_OF_CREDITS)
    assert [(line["log_level"], line["reason"]) for line in logs] == [("error", "out_of_credits")]


async def test_a_call_for_several_is_divided_while_only_some_of_them_are_paused() -> None:
    watch, clock = guard()
    assert watch.divides("a", (FIND, VERIFY)) is None
    watch.leave(await goes(watch, "a", FIND), Failure.OUT_OF_CREDITS)
    assert watch.divides("a", (FIND, VERIFY)) is Failure.OUT_OF_CREDITS
    clock.now += PAUSE / 2
    watch.leave(await goes(watch, "a", VERIFY), Failure.OUT_OF_CREDITS)
    assert watch.divides("a", (FIND, VERIFY)) is None
    clock.now += PAUSE / 2  # the first may be probed, and the other not yet
    assert watch.divides("a", (FIND, VERIFY)) is Failure.OUT_OF_CREDITS


async def test_a_call_for_several_is_not_divided_to_ask_a_vendor_that_wants_to_be_asked_less() -> None:
    watch, _ = guard()
    watch.leave(await goes(watch, "a", VERIFY), Failure.RATE_LIMITED, 30.0)
    assert watch.divides("a", (FIND, VERIFY)) is None


async def test_a_call_that_waits_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.engine.guard.PATIENCE", 0.01)
    watch, _ = guard(concurrency=1)
    first = await goes(watch, "a", FIND)
    assert await watch.enter("a", FIND) == "busy"
    watch.leave(first, None)
    await goes(watch, "a", FIND)


async def test_a_busy_vendor_keeps_nobody_from_another_or_from_its_other_capability() -> None:
    watch, _ = guard(concurrency=1)
    await goes(watch, "a", FIND)
    await goes(watch, "a", VERIFY)
    await goes(watch, "b", FIND)


async def test_a_rate_is_kept_and_a_long_wait_refused_with_its_place_given_back() -> None:
    watch, clock = guard(1, email=Quota("a", 2, 60))
    for _ in range(2):
        watch.leave(await goes(watch, "a", FIND), None)
    for _ in range(3):
        assert await watch.enter("a", FIND) == "rate_limited_here"
    clock.move(60)
    await goes(watch, "a", FIND)


async def test_capabilities_that_share_a_rate_count_together() -> None:
    watch, _ = guard(5, shared=Quota("a", 2, 60))
    await goes(watch, "a", FIND)
    await goes(watch, "a", VERIFY)
    assert await watch.enter("a", FIND) == "rate_limited_here"
    await goes(watch, "b", FIND)


async def test_a_short_wait_for_the_rate_is_waited() -> None:
    clock = SystemClock()
    limits = {("a", FIND): Limits(5, Quota("a", 1, 0.02))}
    watch = Guard(limits, clock, LocalRates(clock), LocalBoard())
    for _ in range(3):
        await goes(watch, "a", FIND)


async def test_a_call_cancelled_while_it_waits_for_the_rate_gives_its_place_back() -> None:
    watch, clock = guard(1, email=Quota("a", 1, 1.0))
    watch.leave(await goes(watch, "a", FIND), None)
    waiting = asyncio.create_task(watch.enter("a", FIND))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    clock.move(1)
    async with asyncio.timeout(1):
        await goes(watch, "a", FIND)


async def test_a_call_cancelled_while_it_waits_for_a_place_takes_none() -> None:
    watch, _ = guard(concurrency=1)
    first = await goes(watch, "a", FIND)
    waiting = asyncio.create_task(watch.enter("a", FIND))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    watch.leave(first, None)
    await goes(watch, "a", FIND)


async def test_a_call_that_is_abandoned_gives_its_place_back() -> None:
    watch, _ = guard(concurrency=1)
    for _ in range(3):
        watch.abandon(await goes(watch, "a", FIND))


@pytest.mark.parametrize("failure", Failure)
async def test_every_failure_gives_its_place_back(failure: Failure) -> None:
    watch, clock = guard(concurrency=1)
    for _ in range(THRESHOLD + 2):
        watch.leave(await goes(watch, "a", FIND), failure)
        clock.move(1000)


async def test_failures_in_a_row_pause_one_capability_only() -> None:
    watch, clock = guard()
    for _ in range(THRESHOLD):
        watch.leave(await goes(watch, "a", FIND), Failure.SERVER_ERROR)
    assert await watch.enter("a", FIND) == "breaker_open: server_error"
    await goes(watch, "a", VERIFY)
    assert watch.paused == {"a": {FIND: Failure.SERVER_ERROR}}
    clock.move(PAUSE)
    probe = await goes(watch, "a", FIND)
    assert await watch.enter("a", FIND) == "breaker_open: server_error"
    watch.leave(probe, None)
    assert watch.paused == {}


async def test_an_answer_to_an_older_call_neither_shortens_a_pause_nor_changes_what_the_operator_reads() -> (
    None
):
    watch, clock = guard(concurrency=3)
    first, second, third = [await goes(watch, "a", FIND) for _ in range(3)]
    watch.leave(first, Failure.OUT_OF_CREDITS)
    watch.leave(second, Failure.RATE_LIMITED, 2)
    watch.leave(third, Failure.RATE_LIMITED, 40)
    assert watch.paused == {"a": {FIND: Failure.OUT_OF_CREDITS}}
    clock.move(39)
    assert await watch.enter("a", FIND) == "breaker_open: out_of_credits"
    clock.move(1)
    watch.leave(await goes(watch, "a", FIND), Failure.RATE_LIMITED, 2)
    assert watch.paused == {"a": {FIND: Failure.RATE_LIMITED}}


@pytest.mark.parametrize("failure", [Failure.BAD_KEY, Failure.ACCOUNT_RESTRICTED])
async def test_a_refused_key_pauses_every_capability_of_the_vendor(failure: Failure) -> None:
    watch, clock = guard()
    call = await goes(watch, "a", FIND)
    with capture_logs() as lines:
        watch.leave(call, failure)
    assert [(line["log_level"], line["provider"], line["reason"]) for line in lines] == [
        ("error", "a", failure.value)
    ]
    assert await watch.enter("a", FIND) == f"breaker_open: {failure}"
    assert await watch.enter("a", VERIFY) == f"breaker_open: {failure}"
    await goes(watch, "b", FIND)
    assert watch.paused == {"a": {"*": failure, FIND: failure}}
    clock.move(PAUSE)
    probe = await goes(watch, "a", VERIFY)
    assert await watch.enter("a", FIND) == f"breaker_open: {failure}"
    watch.leave(probe, None)
    await goes(watch, "a", FIND)


@pytest.mark.parametrize("calls", [50, 0])
async def test_a_vendor_with_one_limit_for_all_is_not_asked_for_anything_while_it_wants_a_pause(
    calls: int,
) -> None:
    watch, clock = guard(5, shared=Quota("a", calls, 1))
    watch.leave(await goes(watch, "a", FIND), Failure.RATE_LIMITED, 30.0)
    assert await watch.enter("a", VERIFY) == "breaker_open: rate_limited"
    assert watch.paused == {"a": {"*": Failure.RATE_LIMITED, FIND: Failure.RATE_LIMITED}}
    await goes(watch, "b", FIND)
    clock.move(30)
    watch.leave(await goes(watch, "a", VERIFY), None)
    watch.leave(await goes(watch, "a", FIND), None)
    assert watch.paused == {}


async def test_a_vendor_with_a_limit_for_each_is_paused_for_the_one_that_was_reached() -> None:
    watch, _ = guard(5, email=Quota("a:email", 50, 1), verify=Quota("a:verify", 50, 1))
    watch.leave(await goes(watch, "a", FIND), Failure.RATE_LIMITED, 30.0)
    await goes(watch, "a", VERIFY)


async def test_an_empty_balance_pauses_the_capability_that_met_it_and_says_so_loudly() -> None:
    watch, _ = guard()
    call = await goes(watch, "a", FIND)
    with capture_logs() as lines:
        watch.leave(call, Failure.OUT_OF_CREDITS)
    assert [line["log_level"] for line in lines] == ["error"]
    assert await watch.enter("a", FIND) == "breaker_open: out_of_credits"
    await goes(watch, "a", VERIFY)


async def test_a_pause_is_told_once() -> None:
    watch, clock = guard()
    with capture_logs() as lines:
        for _ in range(3):
            watch.leave(await goes(watch, "a", FIND), Failure.OUT_OF_CREDITS)
            clock.move(1000)
    assert [line["event"] for line in lines] == ["provider_paused"]


async def test_a_call_that_waited_while_the_vendor_was_paused_does_not_go() -> None:
    watch, _ = guard(concurrency=1)
    call = await goes(watch, "a", FIND)
    waiting = [asyncio.create_task(watch.enter("a", FIND)) for _ in range(3)]
    await asyncio.sleep(0)
    watch.leave(call, Failure.RATE_LIMITED, 10.0)
    assert await asyncio.gather(*waiting) == ["breaker_open: rate_limited"] * 3


async def test_in_a_storm_of_refusals_one_probe_at_most_goes_in_each_pause() -> None:
    watch, clock = guard(concurrency=5)
    went: list[float] = []

    async def call() -> None:
        if isinstance(passed := await watch.enter("a", FIND), Pass):
            went.append(clock.now)
            await asyncio.sleep(0)
            watch.leave(passed, Failure.RATE_LIMITED, 10.0)

    for _ in range(30):
        await asyncio.gather(*(call() for _ in range(20)))
        clock.move(1)
    assert went == [1000.0] * 5 + [1010.0, 1020.0]


async def test_a_probe_that_finds_no_place_leaves_room_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.engine.guard.PATIENCE", 0.01)
    watch, clock = guard(concurrency=1)
    older = await goes(watch, "a", FIND)
    watch.leave(await goes(watch, "a", VERIFY), Failure.BAD_KEY)
    clock.move(PAUSE)
    assert await watch.enter("a", FIND) == "busy"
    watch.leave(older, None)
    await goes(watch, "a", FIND)


async def test_the_end_of_an_older_call_is_not_taken_for_the_probes() -> None:
    watch, clock = guard()
    older = await goes(watch, "a", FIND)
    watch.leave(await goes(watch, "a", FIND), Failure.BAD_KEY)
    clock.move(PAUSE)
    probe = await goes(watch, "a", FIND)
    watch.leave(older, None)
    assert watch.paused == {"a": {"*": Failure.BAD_KEY, FIND: Failure.BAD_KEY}}
    assert await watch.enter("a", FIND) == "breaker_open: bad_key"
    watch.leave(probe, None)
    assert watch.paused == {}


@pytest.mark.parametrize("how", ["abandoned", "says nothing"])
async def test_a_probe_that_told_nothing_leaves_room_for_another(how: str) -> None:
    watch, clock = guard()
    watch.leave(await goes(watch, "a", FIND), Failure.BAD_KEY)
    clock.move(PAUSE)
    probe = await goes(watch, "a", FIND)
    if how == "abandoned":
        watch.abandon(probe)
    else:
        watch.leave(probe, Failure.REQUEST_REFUSED)
    assert await watch.enter("a", VERIFY) != "breaker_open: bad_key"


async def test_a_call_that_cannot_go_anyway_does_not_take_the_vendors_probe() -> None:
    watch, clock = guard()
    verified, found = await goes(watch, "a", VERIFY), await goes(watch, "a", FIND)
    watch.leave(found, Failure.BAD_KEY)
    clock.move(PAUSE)
    watch.leave(verified, Failure.OUT_OF_CREDITS)  # this capability's own pause has only begun
    assert await watch.enter("a", VERIFY) == "breaker_open: out_of_credits"
    assert (await goes(watch, "a", FIND)).probes


async def test_each_further_request_of_a_call_takes_a_turn_of_the_rate() -> None:
    watch, clock = guard(5, shared=Quota("a", 3, 60))
    call = await goes(watch, "a", FIND)
    await watch.turn(call, 10)
    await watch.turn(call, 10)
    assert await watch.enter("a", VERIFY) == "rate_limited_here"
    with pytest.raises(Unsent, match="rate_limited_here"):
        await watch.turn(call, 10)
    clock.move(60)
    await watch.turn(call, 10)


async def test_what_has_no_rate_needs_no_turn() -> None:
    watch, _ = guard()
    call = await goes(watch, "b", FIND)
    for _ in range(100):
        await watch.turn(call, 0)
