"""Questions, vendors and what they remember, for the tests of memory."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from headrace.domain.errors import Problem
from headrace.domain.model import Contact, Field, Found
from headrace.domain.plan import Question
from headrace.engine.asked import Asked
from headrace.engine.converse import Reply
from headrace.engine.vendor import Vendor
from headrace.ports import Remembered

JANE = Contact("Jane", "Doe", "Acme", "acme.example", "https://www.linkedin.com/in/jane-doe/")
ADDRESS, NUMBER = "jane@acme.example", "+33612345678"
HIT = Reply(Found((ADDRESS,), cost=1.0), http_status=200)


class Named:
    """As much of an adapter as a question needs."""

    def __init__(self, name: str) -> None:
        self.name = name


def vendor(name: str = "a", url: str = "https://a.example") -> Vendor:
    adapter: Any = Named(name)
    return Vendor(adapter, url, {}, timeout=30)


def asked(*fields: Field, address: str | None = None, by: Vendor | None = None, **contact: Any) -> Asked:
    """A question about Jane, or about whom `contact` makes of her."""
    question = Question("a", fields or (Field.EMAIL,), address)
    return Asked(by or vendor(), question, replace(JANE, **contact))


class Kept:
    """`ports.Answers` in memory. While `away`, as when the database is."""

    def __init__(self) -> None:
        self.rows: dict[bytes, Remembered] = {}
        self.subjects: list[Sequence[str]] = []
        self._about: dict[bytes, Sequence[str]] = {}
        self.away = False

    async def recall(self, question: bytes) -> Remembered | None:
        self._check()
        return self.rows.get(question)

    async def remember(self, question: bytes, answer: Remembered, subjects: Sequence[str]) -> None:
        self._check()
        self.rows[question] = answer
        self.subjects.append(subjects)
        self._about[question] = subjects

    async def forget(self, subject: str) -> None:
        self._check()
        for question in [each for each, subjects in self._about.items() if subject in subjects]:
            del self.rows[question], self._about[question]

    def _check(self) -> None:
        if self.away:
            raise Problem("storage_unavailable")


class Call:
    """A vendor that is asked `times` times, and answers when it may."""

    def __init__(self, reply: Reply | Exception = HIT, *, waits: bool = False) -> None:
        self.times = 0
        self.began, self.may_end = asyncio.Event(), asyncio.Event()
        self._reply = reply
        if not waits:
            self.may_end.set()

    async def __call__(self) -> Reply:
        self.times += 1
        self.began.set()
        await self.may_end.wait()
        if isinstance(self._reply, Exception):
            raise self._reply
        return replace(self._reply)
