"""Lessons go down behind the answers: nobody waits, many go together, and none is missed by who asks next."""

import asyncio

import pytest
from msgspec.structs import replace

from headrace.domain.errors import Problem
from headrace.engine.own import behind as behind_
from headrace.engine.own.behind import Behind
from headrace.engine.own.knowing import Lesson
from headrace.finder.learning import Knowledge
from headrace.storage.opening import Storage
from tests.faults.waiting import pass_time
from tests.storage.conftest import backend, migrated, storage
from tests.storage.lessons import distinct

__all__ = ["backend", "migrated", "storage"]


def lesson(number: int, domain: str = "acme.example", company: str | None = None) -> Lesson:
    return Lesson("Ada", "Love", "ada.love", domain, 1.0, 1_000.0 + number, company)


class Slow:
    """Keeps lessons once it is let; counts the occasions."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.begun = asyncio.Event()
        self.kept: list[tuple[Lesson, ...]] = []

    async def of(self, domain: str) -> Knowledge | None:
        known = [each for lessons in self.kept for each in lessons if each.domain == domain]
        return Knowledge({"seen": {"all": float(len(known))}}) if known else None

    async def domain_of(self, company: str) -> str | None:
        return next(
            (each.domain for lessons in self.kept for each in lessons if each.company == company), None
        )

    async def learn(self, *lessons: Lesson) -> None:
        self.begun.set()
        await self.may.wait()
        self.kept.append(lessons)


async def test_nobody_waits_and_what_gathers_goes_down_together() -> None:
    slow = Slow()
    behind = Behind(slow)
    await behind.learn(lesson(0))
    finishing = asyncio.create_task(behind.finish())
    await slow.begun.wait()
    for number in range(1, 50):
        await behind.learn(lesson(number, "acme.example" if number % 2 else "other.example"))
    assert slow.kept == []
    slow.may.set()
    await finishing
    assert [len(lessons) for lessons in slow.kept] == [1, 25, 24]
    assert sorted(each.at - 1_000 for lessons in slow.kept for each in lessons) == list(range(50))


async def test_what_comes_in_one_moment_is_written_once_without_being_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(behind_, "_GATHER", 60.0)  # the moment, which ends when all have come
    slow = Slow()
    behind = Behind(slow)
    slow.may.set()
    await behind.learn(lesson(0))
    await slow.begun.wait()
    slow.begun.clear()
    for number in range(10):
        await behind.learn(lesson(number))
        await asyncio.sleep(0)
    assert len(slow.kept) == 1
    pass_time(60)
    async with asyncio.timeout(30):
        await slow.begun.wait()
    assert [len(lessons) for lessons in slow.kept] == [1, 10]


async def test_who_asks_next_is_told() -> None:
    slow = Slow()
    behind = Behind(slow)
    await behind.learn(lesson(0))
    await asyncio.sleep(0)
    await behind.learn(lesson(1, company="Acme"))
    asked, named = (
        asyncio.create_task(behind.of("acme.example")),
        asyncio.create_task(behind.domain_of("Acme")),
    )
    slow.may.set()
    known = await asked
    assert known is not None
    assert known.counts == {"seen": {"all": 2.0}}
    assert await named == "acme.example"


async def test_a_lesson_that_cannot_be_kept_is_lost_alone() -> None:
    class Choosy(Slow):
        async def learn(self, *lessons: Lesson) -> None:
            if lessons[0].domain == "lost.example":
                raise Problem("storage_unavailable")
            self.kept.append(lessons)

    choosy = Choosy()
    behind = Behind(choosy)
    for domain in ("lost.example", "acme.example", "other.example"):
        await behind.learn(lesson(0, domain))
    await behind.finish()
    await behind.learn(lesson(1))
    await behind.finish()
    assert [lessons[0].domain for lessons in choosy.kept] == ["acme.example", "other.example", "acme.example"]


async def test_a_crowd_of_lessons_all_count(storage: Storage) -> None:
    behind = Behind(storage.knowledge)
    crowd = [replace(lesson(0, f"d{n % 7}.example"), local=f"ada{n}.love") for n in range(210)]
    await asyncio.gather(*map(behind.learn, crowd))
    for domain in {each.domain for each in crowd}:
        seen = await behind.of(domain)
        assert seen
        assert round(seen.seen()) == distinct(storage, [each for each in crowd if each.domain == domain])
