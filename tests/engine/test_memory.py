"""One call for equal questions, and answers that are used again."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from headrace.domain.failures import Failure
from headrace.domain.model import Account, Failed, Field, Found, Judged, Missing, Skipped
from headrace.engine.asked import Asked
from headrace.engine.converse import Reply
from headrace.engine.flights import LocalFlights
from headrace.engine.memory import Ages, Memory
from headrace.engine.stopwatch import Stopwatch
from headrace.ports import Remembered
from tests.domain.builders import DELIVERABLE, INVALID, UNKNOWN
from tests.engine.asking import ADDRESS, HIT, NUMBER, Call, Kept, asked
from tests.engine.clocks import HandClock

NEVER = Ages()
HOUR = Ages(found=3600, missing=60)
MISS = Reply(Missing(), http_status=404)
BOTH = (Field.EMAIL, Field.PHONE)


class Bench:
    """A memory with everything around it in reach."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.kept = Kept()
        self.memory = Memory(self.kept, LocalFlights(), _digest, self.clock)

    async def ask(self, call: Call, ages: Ages = NEVER, about: Asked | None = None) -> Reply:
        return await self.memory.answer(about or asked(), call, ages, Stopwatch(self.clock))

    async def put(self, call: Call, ages: Ages = NEVER, about: Asked | None = None) -> asyncio.Task[Reply]:
        """Ask, and return once the question is out or waits for one that is."""
        task = asyncio.create_task(self.ask(call, ages, about))
        await asyncio.sleep(0)
        return task


def _digest(text: str) -> bytes:
    return str(hash(text)).encode()


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Single-flight


async def test_of_fifty_equal_questions_one_is_put_and_all_are_answered(bench: Bench) -> None:
    call = Call(waits=True)
    tasks = [await bench.put(call, [NEVER, HOUR][number % 2]) for number in range(50)]
    call.may_end.set()
    replies = await asyncio.gather(*tasks)
    assert call.times == 1
    assert [reply.told for reply in replies] == [HIT.told] * 50
    assert [reply.shared for reply in replies] == [False] + [True] * 49
    assert {reply.http_status for reply in replies} == {200}
    assert {reply.obtained_at for reply in replies} == {None}


async def test_other_questions_are_put_side_by_side(bench: Bench) -> None:
    call = Call(waits=True)
    questions = [asked(), asked(first_name="Jim"), asked(Field.PHONE), asked(address=ADDRESS)]
    tasks = [await bench.put(call, about=question) for question in questions]
    assert call.times == 4
    call.may_end.set()
    assert not any(reply.shared for reply in await asyncio.gather(*tasks))


async def test_without_memory_the_next_question_is_put_again_and_nothing_is_kept(bench: Bench) -> None:
    call = Call()
    for _ in range(3):
        assert await bench.ask(call) == HIT
    assert (call.times, bench.kept.rows) == (3, {})


@pytest.mark.parametrize(
    "failed",
    [
        Reply(Failed(Failure.RATE_LIMITED), Failure.RATE_LIMITED, 5.0, 429),
        Reply(Skipped("breaker_open: bad_key")),
    ],
)
async def test_a_failure_is_shared_by_those_who_wait_and_by_nobody_later(bench: Bench, failed: Reply) -> None:
    call = Call(failed, waits=True)
    tasks = [await bench.put(call, HOUR) for _ in range(3)]
    call.may_end.set()
    assert await asyncio.gather(*tasks) == [failed, *[replace(failed, shared=True)] * 2]
    assert (call.times, bench.kept.rows) == (1, {})
    assert await bench.ask(call, HOUR) == failed
    assert call.times == 2


@pytest.mark.parametrize("ages", [NEVER, HOUR])
async def test_when_who_asked_is_cut_off_another_asks(bench: Bench, ages: Ages) -> None:
    hanging, well = Call(waits=True), Call(waits=True)
    first = await bench.put(hanging, ages)
    others = [await bench.put(well, ages) for _ in range(3)]
    first.cancel()
    await well.began.wait()
    well.may_end.set()
    replies = await asyncio.gather(*others)
    assert [reply.told for reply in replies] == [HIT.told] * 3
    assert (hanging.times, well.times) == (1, 1)
    assert first.cancelled()


async def test_a_mistake_of_ours_stays_with_who_made_it(bench: Bench) -> None:
    broken, well = Call(ZeroDivisionError(), waits=True), Call()
    first = await bench.put(broken)
    second = await bench.put(well)
    broken.may_end.set()
    assert (await second).told == HIT.told
    with pytest.raises(ZeroDivisionError):
        await first


async def test_who_waits_for_anothers_call_waits_for_the_vendor(bench: Bench) -> None:
    leading, following = Stopwatch(bench.clock), Stopwatch(bench.clock)
    call = Call(waits=True)
    tasks = [
        asyncio.create_task(bench.memory.answer(asked(), call, NEVER, stopwatch))
        for stopwatch in (leading, following)
    ]
    await call.began.wait()
    await asyncio.sleep(0)
    bench.clock.move(5)
    call.may_end.set()
    await asyncio.gather(*tasks)
    assert following.seconds == 5
    assert leading.seconds == 0, "the call itself says what of it was the vendor's"


# Memory


async def test_a_young_answer_is_used_again_and_says_from_when_it_is(bench: Bench) -> None:
    call = Call(replace(HIT, sandbox=True))
    at = bench.clock.wall()
    first = await bench.ask(call, HOUR)
    bench.clock.move(3599)
    again = await bench.ask(call, HOUR)
    assert call.times == 1
    assert (first.obtained_at, first.http_status) == (None, 200)
    assert again == replace(first, http_status=None, obtained_at=at), "still labelled as a rehearsal"


@pytest.mark.parametrize(("reply", "seconds"), [(HIT, 3600), (MISS, 60)])
async def test_each_kind_of_answer_has_its_age(bench: Bench, reply: Reply, seconds: int) -> None:
    call = Call(reply)
    await bench.ask(call, HOUR)
    bench.clock.move(seconds - 1)
    assert (await bench.ask(call, HOUR)).obtained_at is not None
    bench.clock.move(1)
    assert (await bench.ask(call, HOUR)).obtained_at is None
    assert call.times == 2


async def test_an_answer_is_as_old_as_it_is_however_often_it_is_used(bench: Bench) -> None:
    call = Call()
    for _ in range(5):
        await bench.ask(call, HOUR)
        bench.clock.move(1000)
    assert call.times == 2


@pytest.mark.parametrize(
    ("about", "told", "seconds"),
    [
        (asked(Field.PHONE), Found((NUMBER,)), 3600),
        (asked(address=ADDRESS), Judged(DELIVERABLE), 3600),
        (asked(address=ADDRESS), Judged(INVALID), 3600),
        (asked(address=ADDRESS), Judged(UNKNOWN), 60),
        (asked(*BOTH), {Field.EMAIL: Found((ADDRESS,)), Field.PHONE: Found((NUMBER,))}, 3600),
        (asked(*BOTH), {Field.EMAIL: Found((ADDRESS,)), Field.PHONE: Missing()}, 60),
        (asked(*BOTH), {Field.EMAIL: Missing(), Field.PHONE: Missing()}, 60),
        (asked(*BOTH), Missing(), None),
    ],
)
async def test_only_what_was_found_for_sure_gets_the_longer_age(
    bench: Bench, about: Asked, told: object, seconds: int | None
) -> None:
    call = Call(Reply(told))  # type: ignore[arg-type]
    await bench.ask(call, HOUR, about)
    if seconds is None:
        assert bench.kept.rows == {}
        return
    bench.clock.move(seconds - 1)
    assert (await bench.ask(call, HOUR, about)).told == told
    assert call.times == 1
    bench.clock.move(1)
    await bench.ask(call, HOUR, about)
    assert call.times == 2


@pytest.mark.parametrize(
    ("told", "answered", "seconds"),
    [
        ({Field.EMAIL: Found((ADDRESS,)), Field.PHONE: Failed("request_refused")}, Field.EMAIL, 3600),
        ({Field.EMAIL: Failed("request_refused"), Field.PHONE: Missing()}, Field.PHONE, 60),
        ({Field.EMAIL: Found((ADDRESS,))}, Field.EMAIL, 3600),
        ({Field.EMAIL: Found(("no address",)), Field.PHONE: Missing()}, Field.PHONE, 60),
        ({Field.EMAIL: Found(()), Field.PHONE: Missing()}, Field.PHONE, 60),
    ],
)
async def test_of_an_answer_that_failed_in_part_the_rest_is_kept(
    bench: Bench, told: dict[Field, Any], answered: Field, seconds: int
) -> None:
    call = Call(Reply(told))
    await bench.ask(call, HOUR, asked(*BOTH))
    bench.clock.move(seconds - 1)
    again = (await bench.ask(call, HOUR, asked(*BOTH))).told
    alone = dict.fromkeys(BOTH, Skipped("not_remembered", apart=True))
    assert again == {**alone, answered: told[answered]}
    assert call.times == 1
    bench.clock.move(1)
    assert (await bench.ask(call, HOUR, asked(*BOTH))).told == told
    assert call.times == 2


@pytest.mark.parametrize(
    "told",
    [
        dict.fromkeys(BOTH, Failed("request_refused")),
        {Field.EMAIL: Found(()), Field.PHONE: Failed("malformed_response")},
        {},
    ],
)
async def test_an_answer_that_failed_altogether_is_not_kept(bench: Bench, told: dict[Field, Any]) -> None:
    call = Call(Reply(told))
    for _ in range(2):
        await bench.ask(call, HOUR, asked(*BOTH))
    assert (call.times, bench.kept.rows) == (2, {})


async def test_every_account_has_its_own_idea_of_old(bench: Bench) -> None:
    call = Call()
    await bench.ask(call, HOUR)
    bench.clock.move(600)
    assert (await bench.ask(call, NEVER)).obtained_at is None
    assert (await bench.ask(call, Ages(found=3600))).obtained_at is not None
    assert call.times == 2, "an account without memory is not given what others may be given"
    assert (await bench.ask(call, Ages(found=600))).obtained_at is None
    assert call.times == 3
    bench.clock.move(3599)
    assert (await bench.ask(call, HOUR)).obtained_at is not None, (
        "the newer answer took the older one's place"
    )


async def test_who_shares_an_answer_keeps_it_if_the_other_did_not(bench: Bench) -> None:
    call = Call(waits=True)
    first, second = await bench.put(call, NEVER), await bench.put(call, HOUR)
    call.may_end.set()
    await asyncio.gather(first, second)
    assert (await bench.ask(call, HOUR)).obtained_at is not None
    assert (call.times, len(bench.kept.subjects)) == (1, 1)


async def test_many_who_share_an_answer_keep_it_once(bench: Bench) -> None:
    call = Call(waits=True)
    tasks = [await bench.put(call, HOUR) for _ in range(10)]
    call.may_end.set()
    await asyncio.gather(*tasks)
    assert len(bench.kept.subjects) == 1


async def test_an_answer_that_came_while_this_one_looked_is_taken(bench: Bench) -> None:
    class Slow(Kept):
        async def recall(self, question: bytes) -> Remembered | None:
            found = await super().recall(question)
            if not looked.is_set():
                looked.set()
                await may_go_on.wait()
            return found

    looked, may_go_on = asyncio.Event(), asyncio.Event()
    slow = Slow()
    bench.memory = Memory(slow, LocalFlights(), _digest, bench.clock)
    call = Call()
    late = await bench.put(call, HOUR)
    await looked.wait()
    await bench.ask(call, HOUR)
    may_go_on.set()
    assert (await late).told == HIT.told
    assert call.times == 1


async def test_while_the_database_is_away_the_vendor_is_asked(bench: Bench) -> None:
    call = Call()
    bench.kept.away = True
    assert await bench.ask(call, HOUR) == HIT
    assert await bench.ask(call, HOUR) == HIT
    bench.kept.away = False
    assert (await bench.ask(call, HOUR)).obtained_at is None
    assert call.times == 3


async def test_a_remembered_text_that_cannot_be_read_is_asked_for_and_replaced(bench: Bench) -> None:
    call = Call()
    await bench.ask(call, HOUR)
    (key,) = bench.kept.rows
    bench.kept.rows[key] = Remembered(b"{}", True, bench.clock.wall())
    assert (await bench.ask(call, HOUR)).obtained_at is None
    assert (await bench.ask(call, HOUR)).obtained_at is not None
    assert call.times == 2


async def test_an_answer_is_kept_with_whom_it_is_about(bench: Bench) -> None:
    await bench.ask(Call(), HOUR)
    (subjects,) = bench.kept.subjects
    assert f"email:{ADDRESS}" in subjects
    assert "linkedin:jane-doe" in subjects


@pytest.mark.parametrize(
    ("max_age", "miss_max_age", "ages"),
    [
        (0, 0, NEVER),
        (0, 60, NEVER),
        (3600, 0, Ages(3600, 0)),
        (3600, 60, Ages(3600, 60)),
        (60, 3600, Ages(60, 60)),
    ],
)
def test_an_accounts_settings(max_age: float, miss_max_age: float, ages: Ages) -> None:
    account = Account("1", "acme", 0, 0, max_age=max_age, miss_max_age=miss_max_age)
    assert Ages.of(account) == ages


@pytest.mark.parametrize("ages", [Ages(3600, 0), NEVER])
async def test_with_an_age_of_nothing_a_miss_is_asked_about_again(bench: Bench, ages: Ages) -> None:
    call = Call(MISS)
    for _ in range(2):
        assert await bench.ask(call, ages) == MISS
    assert call.times == 2
