"""The domains of companies, kept on every database: sealed, by the keyed hash of the name."""

import asyncio
import json

import pytest
from msgspec.structs import replace

from headrace.engine.own.knowing import Lesson
from headrace.storage.opening import Storage
from headrace.storage.retention import Periods
from tests.storage.backends import Backend

DAY = 86_400.0
LESSON = Lesson("Jane", "Doe", "jane.doe", "tables.example", 1.0, 1000.5, "Tabularium GmbH")
ELSEWHERE = replace(LESSON, domain="other.example")


async def test_what_was_confirmed_is_known_at_once_however_the_name_is_spelt(storage: Storage) -> None:
    assert await storage.knowledge.domain_of("Tabularium") is None
    await storage.knowledge.learn(LESSON)
    for spelling in ("Tabularium", "TABULARIUM G.m.b.H.", "tabu-larium"):
        assert await storage.knowledge.domain_of(spelling) == "tables.example"
    for other in ("Tabularium Labs", "", "&"):
        assert await storage.knowledge.domain_of(other) is None


async def test_neither_the_name_nor_the_domain_nor_an_address_can_be_read(
    storage: Storage, backend: Backend
) -> None:
    await storage.knowledge.learn(LESSON)
    ((name, domains, at),) = backend.rows("SELECT name, domains, updated_at FROM companies")
    assert bytes(name) == storage.vault.digest("companies:tabularium")
    assert at == 1000.5
    opened = storage.vault.open(bytes(domains))
    assert b"tables.example" in opened
    assert b"jane" not in opened
    dump = backend.dump().lower()
    assert b"tabularium" not in dump
    assert b"tables.example" not in dump


async def test_a_lesson_without_a_company_teaches_nothing_about_companies(
    storage: Storage, backend: Backend
) -> None:
    await storage.knowledge.learn(replace(LESSON, company=None))
    await storage.knowledge.learn(replace(LESSON, company=" - "))
    assert backend.rows("SELECT COUNT(*) FROM companies") == [(0,)]
    assert await storage.knowledge.of("tables.example")


async def test_two_domains_are_none_until_one_is_clearly_ahead(storage: Storage) -> None:
    await storage.knowledge.learn(LESSON)
    await storage.knowledge.learn(ELSEWHERE)
    assert await storage.knowledge.domain_of("Tabularium") is None
    for _ in range(3):
        await storage.knowledge.learn(LESSON)
    assert await storage.knowledge.domain_of("Tabularium") == "tables.example"


async def test_of_many_lessons_at_once_none_is_lost(storage: Storage, backend: Backend) -> None:
    other = backend.open()
    await asyncio.gather(
        storage.knowledge.learn(LESSON),
        storage.knowledge.learn(ELSEWHERE),
    )
    lessons = [LESSON] * 20 + [ELSEWHERE] * 5
    await asyncio.gather(
        *(opened.knowledge.learn(each) for opened, each in zip((storage, other) * 13, lessons, strict=False))
    )
    other.close()
    ((sealed,),) = backend.rows("SELECT domains FROM companies")
    counts = json.loads(storage.vault.open(bytes(sealed)))["counts"]
    assert counts == {"tables.example": pytest.approx(21.0), "other.example": pytest.approx(6.0)}


async def test_the_only_domain_is_written_once_a_day(storage: Storage, backend: Backend) -> None:
    await storage.knowledge.learn(LESSON)
    before = backend.rows("SELECT domains FROM companies")
    await storage.knowledge.learn(replace(LESSON, at=LESSON.at + DAY / 2))
    assert backend.rows("SELECT domains FROM companies") == before
    await storage.knowledge.learn(replace(LESSON, at=LESSON.at + 2 * DAY))
    assert backend.rows("SELECT domains FROM companies") != before


async def test_what_was_not_confirmed_for_long_is_forgotten(storage: Storage, backend: Backend) -> None:
    now = storage.retention._clock.wall()
    await storage.knowledge.learn(replace(LESSON, at=now - 91 * DAY))
    await storage.knowledge.learn(replace(LESSON, company="Other", at=now - 89 * DAY))
    purged = await storage.retention.purge(Periods(results=30, answers=90, audit=365))
    assert purged.companies == 1
    assert await storage.knowledge.domain_of("Tabularium") is None
    assert await storage.knowledge.domain_of("Other") == "tables.example"


async def test_a_record_that_cannot_be_opened_is_nothing_and_is_learned_anew(
    storage: Storage, backend: Backend
) -> None:
    await storage.knowledge.learn(LESSON)
    backend.tamper("UPDATE companies SET domains = name")
    assert await storage.knowledge.domain_of("Tabularium") is None
    await storage.knowledge.learn(LESSON)
    assert await storage.knowledge.domain_of("Tabularium") == "tables.example"


async def test_what_is_sure_is_not_read_again_until_something_else_is_said(storage: Storage) -> None:
    for _ in range(3):
        await storage.knowledge.learn(LESSON)
    await storage.knowledge.learn(ELSEWHERE)
    assert await storage.knowledge.domain_of("Tabularium") is None
    for _ in range(3):
        await storage.knowledge.learn(LESSON)
    assert await storage.knowledge.domain_of("Tabularium") == "tables.example"
