"""What was learned about domains: counts by the keyed hash of the domain, and no address.

An address teaches once, however often it is found again. Which ones have taught is kept in two bytes each,
of a keyed hash: one address in 65,536 has the same, so that nothing tells whose it was.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from headrace.domain.errors import Problem
from headrace.engine.own.knowing import Lesson
from headrace.finder.learning import Counts, Knowledge
from headrace.finder.prior import country_of
from headrace.storage.companies import SqlCompanies
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.vault import Vault

_OF = "SELECT knowledge FROM patterns WHERE domain = :domain"
_LEARN = """
    INSERT INTO patterns (domain, knowledge, updated_at) VALUES (:domain, :knowledge, :at)
    ON CONFLICT (domain) DO UPDATE SET knowledge = excluded.knowledge, updated_at = excluded.updated_at
"""


_MOST_TAUGHT = 256
"""Addresses of a domain that are recognised, the latest: one new one in 256 is taken for one of them."""


class _Kept(msgspec.Struct):
    """What is kept about a domain: the fields of `Knowledge`, and which addresses have taught."""

    counts: Counts = {}
    at: float = 0.0
    taught: list[int] = []

    def learn(self, lesson: Lesson, tag: int, country: str) -> None:
        """A lesson of negative weight takes back; the address may teach again after that."""
        if lesson.weight > 0 and tag in self.taught:
            return
        known = Knowledge(self.counts, self.at).learn(
            lesson.first, lesson.last, lesson.local, lesson.weight, lesson.at, country
        )
        others = [each for each in self.taught if each != tag]
        self.taught = [*others, tag][-_MOST_TAUGHT:] if lesson.weight > 0 else others
        self.counts, self.at = known.counts, known.at


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
            rows = yield Statement(_OF, {"domain": name})
            kept = msgspec.json.decode(rows[0][0], type=_Kept) if rows else _Kept()
            for each in lessons:
                kept.learn(each, self._tag(each), country)
            text = msgspec.json.encode(kept).decode()
            yield Statement(_LEARN, {"domain": name, "knowledge": text, "at": lessons[-1].at})

        await self._database.write(operation, key=name.hex())

    def _name(self, domain: str) -> bytes:
        return self._vault.digest(f"patterns:{domain}")

    def _tag(self, lesson: Lesson) -> int:
        return int.from_bytes(self._vault.digest(f"taught:{lesson.local}@{lesson.domain}")[:2])


def _known(rows: list[Row]) -> Knowledge:
    return msgspec.json.decode(rows[0][0], type=Knowledge) if rows else Knowledge()
