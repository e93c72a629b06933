"""What is known of domains, kept on every database: lessons, and who accepts everything."""

import asyncio
import json

import pytest
from msgspec.structs import replace

from headrace.engine.own.knowing import Lesson
from headrace.mail.catchall import Finding
from headrace.mail.evidence import Result
from headrace.storage.catch_all import SqlFindings
from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.clocks import SetClock
from tests.storage.lessons import distinct

LESSON = Lesson("Jane", "Doe", "jane.doe", "acme.example", 1.0, 1000.5)
TOLD = Finding(Result.YES, "accepts_invented_addresses", 900.0)


async def test_a_lesson_is_known_at_once_and_holds_no_address(storage: Storage, backend: Backend) -> None:
    assert await storage.knowledge.of("acme.example") is None
    await storage.knowledge.learn(LESSON)
    known = await storage.knowledge.of("acme.example")
    assert known
    assert known.counts["pattern.simple"]["first.last"] == pytest.approx(1.0)
    assert await storage.knowledge.of("other.example") is None
    ((domain, text, at),) = backend.rows("SELECT domain, knowledge, updated_at FROM patterns")
    assert bytes(domain) == storage.vault.digest("patterns:acme.example")
    assert at == 1000.5
    assert not {"jane", "doe", "acme"} & set(text.replace('"', " ").lower().split())


async def test_of_many_lessons_at_once_none_is_lost(storage: Storage) -> None:
    domains = ("acme.example", "other.example")
    lessons = [replace(LESSON, local=f"j{n}.doe", domain=domain) for n in range(20) for domain in domains]
    await asyncio.gather(*(storage.knowledge.learn(each) for each in lessons))
    for domain in domains:
        known = await storage.knowledge.of(domain)
        assert known
        assert known.seen(LESSON.at) == distinct(storage, [each for each in lessons if each.domain == domain])


async def test_an_address_teaches_once_until_that_is_taken_back(storage: Storage, backend: Backend) -> None:
    async def seen(*lessons: Lesson) -> float:
        await storage.knowledge.learn(*lessons)
        known = await storage.knowledge.of(LESSON.domain)
        assert known
        return round(known.seen(LESSON.at), 3)

    assert await seen(LESSON, LESSON) == 1
    assert await seen(replace(LESSON, weight=0.5)) == 1
    assert await seen(replace(LESSON, weight=-1.0)) == 0
    assert await seen(LESSON) == 1
    johns = replace(LESSON, first="John", local="john.doe")
    assert await seen(johns) == distinct(storage, [LESSON, johns])


async def test_the_latest_addresses_of_a_domain_are_recognised(storage: Storage, backend: Backend) -> None:
    told_apart = {
        storage.knowledge._tag(each): each
        for each in (replace(LESSON, local=f"j{number}.doe") for number in range(400))
    }
    lessons = list(told_apart.values())[:300]
    await storage.knowledge.learn(*lessons)
    ((before,),) = backend.rows("SELECT knowledge FROM patterns")
    await storage.knowledge.learn(*lessons[-200:])
    ((after,),) = backend.rows("SELECT knowledge FROM patterns")
    assert json.loads(after)["counts"] == json.loads(before)["counts"]
    taught = json.loads(after)["taught"]
    assert len(taught) == 256
    assert max(taught) < 1 << 16


async def test_a_finding_is_kept_until_its_time(storage: Storage, backend: Backend) -> None:
    clock = SetClock(1000.0)
    findings = SqlFindings(storage.database, storage.vault, clock)
    assert await findings.get("acme.example mx") is None
    await findings.put("acme.example mx", TOLD, 60.0)
    assert await findings.get("acme.example mx") == TOLD
    clock.now = 1060.0
    assert await findings.get("acme.example mx") is None
    await findings.put("other.example mx", TOLD, 60.0)
    assert len(backend.rows("SELECT name FROM catch_all")) == 1


async def test_a_newer_finding_takes_the_olders_place(storage: Storage) -> None:
    findings = SqlFindings(storage.database, storage.vault, SetClock(1000.0))
    newer = Finding(Result.NO, "refuses_invented_addresses", 1000.0)
    await findings.put("acme.example mx", TOLD, 60.0)
    await findings.put("acme.example mx", newer, 60.0)
    assert await findings.get("acme.example mx") == newer
