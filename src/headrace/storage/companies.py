"""The domains that companies write from: by the keyed hash of the company's name, and sealed."""

import msgspec

from headrace.finder.companies import Domains, fold
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.errors import Unusable
from headrace.storage.vault import Vault

_OF = "SELECT domains FROM companies WHERE name = :name"
_LEARN = """
    INSERT INTO companies (name, domains, updated_at) VALUES (:name, :domains, :at)
    ON CONFLICT (name) DO UPDATE SET domains = excluded.domains, updated_at = excluded.updated_at
"""

_SURE_FOR = 600.0
"""Seconds for which a company's only domain is not read again. Other processes may hear of a second one."""

_MOST_SURE = 10_000


class SqlCompanies:
    """Companies by their names, in any spelling."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._sure: dict[str, tuple[str, float]] = {}  # a company's only domain, and when it was read

    async def of(self, company: str) -> Domains:
        """What is known; nothing, of most. Raises `Problem(storage_unavailable)`."""
        folded = fold(company)
        if not folded:
            return Domains()
        return self._known(await self._database.read(_OF, {"name": self._digest(folded)}))

    def is_news(self, company: str, domain: str, at: float) -> bool:
        """Whether it may be worth learning, as far as can be told without looking."""
        known, since = self._sure.get(fold(company), ("", 0.0))
        return known != domain or at - since > _SURE_FOR

    async def learn(self, company: str, domain: str, weight: float, at: float) -> None:
        """Raises `Problem(storage_unavailable)`."""
        folded = fold(company)
        if not folded:
            return
        if (await self.of(company)).knows(domain, at):
            self._note(folded, domain, at)
            return
        self._sure.pop(folded, None)
        name = self._digest(folded)

        def operation() -> Steps[None]:
            known = self._known((yield Statement(_OF, {"name": name})))
            text = msgspec.json.encode(known.learn(domain, weight, at))
            yield Statement(_LEARN, {"name": name, "domains": self._vault.seal(text), "at": at})

        await self._database.write(operation, key=name.hex())

    def _note(self, folded: str, domain: str, at: float) -> None:
        if len(self._sure) >= _MOST_SURE:
            self._sure.clear()
        self._sure[folded] = domain, at

    def _known(self, rows: list[Row]) -> Domains:
        try:
            opened = self._vault.open(bytes(rows[0][0])) if rows else b"{}"
        except Unusable:  # sealed with a key that is not here: no loss, it will be seen again
            opened = b"{}"
        return msgspec.json.decode(opened, type=Domains)

    def _digest(self, folded: str) -> bytes:
        return self._vault.digest(f"companies:{folded}")
