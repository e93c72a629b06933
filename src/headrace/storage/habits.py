"""The domains that were learned from most recently, for having them at hand."""

from functools import partial

import msgspec

from headrace.engine.own.habits import Lines
from headrace.finder.learning import Knowledge
from headrace.storage.database import Database
from headrace.storage.vault import Vault

_RECENT = """
    SELECT domain, knowledge, updated_at FROM patterns WHERE updated_at > :since
    ORDER BY updated_at DESC LIMIT :most
"""


class SqlHabits:
    """What `engine.own.habits.Habits` reads."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def recent(self, since: float, most: int) -> Lines:
        """The newest first. What is known of a domain is only read once somebody asks for it."""
        rows = await self._database.read(_RECENT, {"since": since, "most": most})
        return [(bytes(row[0]), partial(_read, row[1]), row[2]) for row in rows]

    def digest(self, domain: str) -> bytes:
        """What a domain is kept under, as in `SqlKnowledge`."""
        return self._vault.digest(f"patterns:{domain}")


def _read(text: str) -> Knowledge:
    return msgspec.json.decode(text, type=Knowledge)
