"""Who asks, and who must be left alone."""

from collections.abc import Sequence
from typing import Protocol

from headrace.domain.model import Account


class Accounts(Protocol):
    """Who may ask."""

    async def by_id(self, account_id: str) -> Account | None:
        """The account, if there is one."""
        ...

    async def by_api_key(self, api_key: str) -> Account | None:
        """The account of a live key. Compared in constant time; `None` for any other text."""
        ...


class Suppressions(Protocol):
    """Persons who must be left alone."""

    async def hit(self, identifiers: Sequence[str]) -> bool:
        """Whether one of these (see `engine.subjects`) is such a person's."""
        ...
