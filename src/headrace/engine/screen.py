"""Keeps out of every search those who must be left alone."""

import asyncio
from collections.abc import Mapping, Sequence

from headrace.domain.errors import Problem
from headrace.domain.model import Field
from headrace.engine.subjects import Subject
from headrace.ports import Suppressions

_TRIES = 40
_PAUSE = 0.25
"""Seconds between two tries while the database is away: what a vendor was paid for can wait for it."""


class Screen:
    """Looks up whether anybody in a request or in an answer is suppressed."""

    def __init__(self, suppressions: Suppressions) -> None:
        self._suppressions = suppressions

    async def refuses(self, subject: Subject) -> bool:
        """Whether nothing may be asked about the person. Raises `Problem(storage_unavailable)`."""
        return await self._suppressions.hit(subject.of_request)

    async def withholds(self, subject: Subject, found: Mapping[Field, Sequence[str]]) -> bool:
        """Whether something that was found, in whatever spelling, is about somebody who must be left alone.
        Raises `Problem(storage_unavailable)` once the database has been away for long."""
        known = [
            identifier
            for field, values in found.items()
            for value in values
            for identifier in subject.of_found(field, value)
        ]
        return bool(known) and await self._patiently(known)

    async def regrets(self, subject: Subject, found: Mapping[Field, Sequence[str]]) -> bool:
        """The same at the end of a long search, or who was asked for has become such a person."""
        return await self._patiently(subject.of_request) or await self.withholds(subject, found)

    async def _patiently(self, identifiers: Sequence[str]) -> bool:
        for _ in range(_TRIES):
            try:
                return await self._suppressions.hit(identifiers)
            except Problem:
                await asyncio.sleep(_PAUSE)
        return await self._suppressions.hit(identifiers)
