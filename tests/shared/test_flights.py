"""One contract for single-flight, in memory and over Valkey; then what only a fleet can show."""

import asyncio

import pytest
import redis

from headrace.ports import Flights
from headrace.shared.flights import _LOCK, ValkeyFlights
from tests.shared.children import children
from tests.shared.conftest import Member, Pair
from tests.shared.waiting import until

LONG = 60_000
"""Milliseconds."""

GONE = -2
"""What is left of the time of what is there no more."""


@pytest.fixture(autouse=True)
def _nobody_seems_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that stands still for a moment the living would be silent for as long as the dead are."""
    monkeypatch.setattr("headrace.shared.flights._LOCK", LONG)


class Work:
    """Work that can be watched: it began `times` times, and ends when it may."""

    def __init__(self, answer: bytes = b"answer", error: Exception | None = None) -> None:
        self.times = 0
        self.may_end = asyncio.Event()
        self._answer = answer
        self._error = error

    async def __call__(self) -> bytes:
        self.times += 1
        await self.may_end.wait()
        if self._error:
            raise self._error
        return self._answer


Asked = asyncio.Task[tuple[bytes, bool]]


async def ask(flights: Flights[str, bytes], key: str, work: Work, seconds: float = 60) -> Asked:
    """Ask, and return once the work has begun or is waited for."""
    began = work.times
    first_here = isinstance(flights, ValkeyFlights) and key not in flights._local._flights
    asked: Asked = asyncio.create_task(flights.once(key, work, seconds))
    await asyncio.sleep(0)
    if isinstance(flights, ValkeyFlights) and first_here:
        await until(lambda: work.times > began or key in flights._awaited or asked.done())
    return asked


async def test_of_many_who_ask_one_works_and_all_get_its_answer(pair: Pair, key: str) -> None:
    one, other = pair
    work = Work(b"\x00\xff")
    asked = [await ask((one, other)[n % 2].flights, key, work) for n in range(100)]
    work.may_end.set()
    answers = await asyncio.gather(*asked)
    assert work.times == 1
    assert {answer for answer, _ in answers} == {b"\x00\xff"}
    assert [joined for _, joined in answers].count(False) == 1


async def test_an_empty_answer_is_an_answer(pair: Pair, key: str) -> None:
    work = Work(b"")
    asked = [await ask(each.flights, key, work) for each in pair]
    work.may_end.set()
    assert await asyncio.gather(*asked) == [(b"", False), (b"", True)]


async def test_whoever_comes_after_the_end_works_anew(pair: Pair, key: str) -> None:
    work = Work()
    work.may_end.set()
    for each in (*pair, *pair):
        assert await (await ask(each.flights, key, work)) == (b"answer", False)
    assert work.times == 4


async def test_other_keys_are_other_work(pair: Pair, key: str) -> None:
    works = [Work(b"%d" % number) for number in range(10)]
    asked = [await ask(pair[n % 2].flights, f"{key}:{n}", work) for n, work in enumerate(works)]
    for work in works:
        work.may_end.set()
    assert await asyncio.gather(*asked) == [(b"%d" % number, False) for number in range(10)]


async def test_who_fails_is_told_so_and_one_who_waited_works(pair: Pair, key: str) -> None:
    one, other = pair
    failing, well = Work(error=ZeroDivisionError()), Work()
    first = await ask(one.flights, key, failing)
    others = [await ask(each.flights, key, well) for each in (one, other, one, other)]
    failing.may_end.set()
    with pytest.raises(ZeroDivisionError):
        await first
    await until(lambda: well.times > 0)
    well.may_end.set()
    answers = await asyncio.gather(*others)
    assert {answer for answer, _ in answers} == {b"answer"}
    assert failing.times == 1
    assert 1 <= well.times < 4, "of those who waited not everyone had to work"


async def test_everyone_may_fail_and_is_told_of_the_own_failure(pair: Pair, key: str) -> None:
    works = [Work(error=ValueError(str(number))) for number in range(4)]
    asked = [await ask(pair[n % 2].flights, key, work) for n, work in enumerate(works)]
    for work in works:
        work.may_end.set()
    failures = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(str(each) for each in failures) == ["0", "1", "2", "3"]
    assert [work.times for work in works] == [1] * 4


async def test_when_who_works_is_cancelled_another_works(pair: Pair, key: str) -> None:
    one, other = pair
    hanging, well = Work(), Work()
    first = await ask(one.flights, key, hanging)
    others = [await ask(each.flights, key, well) for each in (one, other)]
    first.cancel()
    well.may_end.set()
    answers = await asyncio.gather(*others)
    assert {answer for answer, _ in answers} == {b"answer"}
    assert first.cancelled()


async def test_one_who_waited_and_is_cancelled_takes_nothing_from_the_others(pair: Pair, key: str) -> None:
    one, other = pair
    work = Work()
    asked = [await ask((one, other)[n % 2].flights, key, work) for n in range(6)]
    for each in asked[1:4]:
        each.cancel()
    await asyncio.wait(asked[1:4])
    work.may_end.set()
    assert [answer for answer, _ in await asyncio.gather(asked[0], *asked[4:])] == [b"answer"] * 3
    assert work.times == 1


async def test_who_takes_too_long_is_not_waited_for(
    pair: Pair, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headrace.shared.flights._LOCK", _LOCK)
    one, other = pair
    hanging, well = Work(b"late"), Work()
    well.may_end.set()
    first = await ask(one.flights, key, hanging, seconds=0.1)
    assert await (await ask(other.flights, key, well)) == (b"answer", False)
    hanging.may_end.set()
    assert await first == (b"late", False)


async def test_long_work_keeps_its_place(
    join: Member, key: str, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several times as long as a process may be silent, which the store is told has passed."""
    monkeypatch.setattr("headrace.shared.flights._RENEWAL", 0.05)
    work = Work()
    asked = [await ask(join().flights, key, work) for _ in range(3)]
    with redis.Redis.from_url(valkey_url) as store:
        for _ in range(5):
            store.pexpire(f"headrace:flight:{key}", LONG // 2)
            await until(lambda: store.pttl(f"headrace:flight:{key}") > LONG // 2)
    assert work.times == 1
    work.may_end.set()
    assert [joined for _, joined in await asyncio.gather(*asked)] == [False, True, True]


async def test_nothing_stays_in_the_store(
    join: Member, key: str, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headrace.shared.flights._LOCK", _LOCK)
    one = join()
    work = Work()
    asked = await ask(one.flights, key, work)
    with redis.Redis.from_url(valkey_url) as store:
        await until(lambda: 0 < store.pttl(f"headrace:flight:{key}") <= 2_500)
        work.may_end.set()
        await asked
        await one.aclose()
        assert store.exists(f"headrace:flight:{key}") == 0
        left = [store.pttl(result) for result in store.scan_iter("headrace:result:*")]
        assert all(0 <= each <= 5_000 or each == GONE for each in left)


async def test_three_hundred_in_three_processes_are_served_by_one(valkey_url: str, key: str) -> None:
    with children(3, "together", valkey_url, key, "100") as crowd:
        for child in crowd:
            child.go()
        assert [await asyncio.to_thread(child.told) for child in crowd] == ["asking"] * 3
        for child in crowd:
            child.go()
        reports = [await asyncio.to_thread(child.told) for child in crowd]
    answers = [tuple(each) for report in reports for each in report["answers"]]
    assert sum(report["worked"] for report in reports) == 1
    assert sorted(answers) == [("answer 1", False)] + [("answer 1", True)] * 299


async def test_when_the_process_that_works_is_killed_another_works(
    join: Member, valkey_url: str, key: str
) -> None:
    """Once its lock, which nobody takes away, has expired; the store is told that this is so."""
    work, lock = Work(), f"headrace:flight:{key}"
    with children(1, "lead", valkey_url, key) as (leader,), redis.Redis.from_url(valkey_url) as store:
        leader.go()
        assert await asyncio.to_thread(leader.told) == "working"
        waiting = [member.flights for member in (join(), join()) if isinstance(member.flights, ValkeyFlights)]
        asked = [await ask(each, key, work) for each in waiting]
        assert work.times == 0
        before = [each._awaited[key] for each in waiting]
        leader.kill()
        assert store.pttl(lock) > 0
        store.pexpire(lock, 1)
        await until(lambda: work.times > 0)
        await until(lambda: any(each._awaited.get(key) not in (None, *before) for each in waiting))
    work.may_end.set()
    assert sorted(await asyncio.gather(*asked)) == [(b"answer", False), (b"answer", True)]
