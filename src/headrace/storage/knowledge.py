"""What was learned about domains: counts by the keyed hash of the domain, and no address."""

import asyncio
from collections.abc import Sequence

import msgspec

from headrace.domain.errors import Problem
from headrace.engine.own.knowing import Lesson
from headrace.finder.learning import Knowledge
from headrace.finder.prior import country_of
from headrace.storage.companies import SqlCompanies
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.vault import Vault

_OF = "SELECT knowledge FROM patterns WHERE domain = :domain"
_LEARN = """
    INSERT INTO patterns (domain, knowledge, updated_at) VALUES (:domain, :knowledge, :at)
    ON CONFLICT (domain) DO UPDATE SET knowledge = excluded.knowledge, updated_at = excluded.updated_at
"""


class SqlKnowledge:
    """`engine.own.knowing.Knowing`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._companies = SqlCompanies(database, vault)

    async def of(self, domain: str) -> Knowledge | None:
        try:
            rows = await self._database.read(_OF, {"domain": self._name(domain)})
        except Problem:  # the database has logged it
            return None
        return _known(rows) if rows else None

    async def domain_of(self, company: str) -> str | None:
        try:
            return (await self._companies.of(company)).certain()
        except Problem:  # the database has logged it
            return None

    async def learn(self, *lessons: Lesson) -> None:
        domain = lessons[0].domain
        news = {
            lesson.company: lesson
            for lesson in lessons
            if lesson.company is not None and self._companies.is_news(lesson.company, domain, lesson.at)
        }
        # Side by side: they share a commit.
        await asyncio.gather(
            self._learn_habits(domain, lessons),
            *(self._companies.learn(name, domain, each.weight, each.at) for name, each in news.items()),
        )

    async def _learn_habits(self, domain: str, lessons: Sequence[Lesson]) -> None:
        name, country = self._name(domain), country_of(domain)

        def operation() -> Steps[None]:
            known = _known((yield Statement(_OF, {"domain": name})))
            for each in lessons:
                known = known.learn(each.first, each.last, each.local, each.weight, each.at, country)
            text = msgspec.json.encode({"counts": known.counts, "at": known.at}).decode()
            yield Statement(_LEARN, {"domain": name, "knowledge": text, "at": lessons[-1].at})

        await self._database.write(operation, key=name.hex())

    def _name(self, domain: str) -> bytes:
        return self._vault.digest(f"patterns:{domain}")


def _known(rows: list[Row]) -> Knowledge:
    return msgspec.json.decode(rows[0][0], type=Knowledge) if rows else Knowledge()
