"""Keeps out of every search those who must be left alone."""

import asyncio
from collections.abc import Mapping, Sequence

from headrace.domain.errors import Problem
from headrace.domain.model import Contact, Field
from headrace.engine import subjects
from headrace.ports import Suppressions

_TRIES = 40
_PAUSE = 0.25
"""Seconds between two tries while the database is away: what a vendor was paid for can wait for it."""


class Screen:
    """Looks up whether anybody in a request or in an answer is suppressed."""

    def __init__(self, suppressions: Suppressions) -> None:
        self._suppressions = suppressions

    async def refuses(self, contact: Contact) -> bool:
        """Whether nothing may be asked about the contact. Raises `Problem(storage_unavailable)`."""
        return await self._suppressions.hit(subjects.of_request(contact))

    async def withholds(self, contact: Contact, found: Mapping[Field, Sequence[str]]) -> bool:
        """Whether something that was found, in whatever spelling, is about somebody who must be left alone.
        Raises `Problem(storage_unavailable)` once the database has been away for long."""
        known = [
            identifier
            for field, values in found.items()
            for value in values
            for identifier in subjects.of_found(contact, field, value)
        ]
        return bool(known) and await self._patiently(known)

    async def regrets(self, contact: Contact, found: Mapping[Field, Sequence[str]]) -> bool:
        """The same at the end of a long search, or the contact has become such a person."""
        return await self._patiently(subjects.of_request(contact)) or await self.withholds(contact, found)

    async def _patiently(self, identifiers: Sequence[str]) -> bool:
        for _ in range(_TRIES):
            try:
                return await self._suppressions.hit(identifiers)
            except Problem:
                await asyncio.sleep(_PAUSE)
        return await self._suppressions.hit(identifiers)
