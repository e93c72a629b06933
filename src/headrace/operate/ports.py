"""What operating needs from outside. Every change is one commit, together with its line in the audit log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from headrace.domain.model import Account
from headrace.finder.rates import Heard
from headrace.operate.model import Consent, KeyInfo, NewKey, Secret, Settings
from headrace.ports import DeliveryInfo
from headrace.record import EnrichmentRecord

OPERATOR = "operator"
"""Who types commands, as the audit log names them. The admin API's callers are `admin:<key id>`."""


ChangeSecrets = Callable[[Sequence[Secret], float], Sequence[Secret]]
"""From the secrets in use, newest first, and the time now, to those that take their place."""


class Accounts(Protocol):
    """Accounts, their keys and consents."""

    def new_key(self) -> NewKey:
        """A key that opens nothing yet."""
        ...

    async def create(
        self,
        name: str,
        settings: Settings,
        *,
        credits: int = 0,
        consented: bool = False,
        key: NewKey | None = None,
        actor: str = OPERATOR,
    ) -> Account:
        """An account with what it begins with, or nothing at all. Raises `NameTaken`."""
        ...

    async def get(self, who: str) -> Account:
        """By name or id. Raises `LookupError`."""
        ...

    async def page(self, after: str, most: int) -> Sequence[Account]:
        """Accounts in the order of their ids, from behind the id `after`."""
        ...

    async def set(self, account: Account, settings: Settings, actor: str = OPERATOR) -> None: ...

    async def consent(
        self, account: Account, granted: bool, actor: str = OPERATOR, version: str | None = None
    ) -> None:
        """Record that the account consents to personal-address enrichment, or does so no longer. `version`:
        of the document that was agreed to, if that is not the one in force."""
        ...

    async def consents(self, account: Account) -> Sequence[Consent]:
        """All that was ever recorded, oldest first."""
        ...

    async def add_key(self, account: Account, actor: str = OPERATOR) -> NewKey: ...

    async def keys(self, account: Account) -> Sequence[KeyInfo]: ...

    async def revoke_key(self, key_id: str, actor: str = OPERATOR) -> bool:
        """False when there is no such live key."""
        ...


class AdminKeys(Protocol):
    """Keys of operators; they open `/admin/v1` and nothing else."""

    async def id_of(self, text: str) -> str | None:
        """The id of a live key. Compared in constant time; `None` for any other text."""
        ...

    async def create(self, actor: str = OPERATOR) -> NewKey: ...

    async def all(self) -> Sequence[KeyInfo]: ...

    async def revoke(self, key_id: str, actor: str = OPERATOR) -> bool:
        """False when there is no such live key."""
        ...


class Credits(Protocol):
    """Credits, in milli-credits."""

    async def grant(
        self, account_id: str, amount: int, operation_id: str | None = None, actor: str = OPERATOR
    ) -> int:
        """Add credits, or take some back; returns what is then available. A second grant with the same
        `operation_id` changes nothing. Raises `Problem(insufficient_credits)`."""
        ...


class Webhooks(Protocol):
    """Deliveries, and what they are signed with."""

    async def listed(self, account_id: str, most: int = 100) -> Sequence[DeliveryInfo]:
        """The newest first."""
        ...

    async def replay(self, delivery_id: str, account_id: str = "", actor: str = "") -> bool:
        """Have it delivered again. False when there is no such delivery of the account, or its person was
        erased. `actor`: an operator, to be named in the audit log."""
        ...

    async def secrets(self, account_id: str) -> Sequence[Secret]:
        """Those in use, newest first."""
        ...

    async def change_secrets(
        self, account_id: str, change: ChangeSecrets, actor: str = OPERATOR
    ) -> Sequence[Secret]:
        """Replace them by what `change` makes of them; returns those."""
        ...


class Suppression(Protocol):
    """One identifier as it is listed: its kind, never its value. `created_at` is in seconds since 1970."""

    @property
    def digest(self) -> bytes: ...
    @property
    def kind(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def created_at(self) -> float: ...


class Suppressions(Protocol):
    """Persons who must be left alone, by their identifiers (see `persons`)."""

    async def add(self, identifiers: Sequence[str], source: str, actor: str) -> int:
        """Leave these alone from now on; returns how many were not known yet."""
        ...

    async def remove(self, identifiers: Sequence[str], actor: str) -> int:
        """They may be looked for again; returns how many were suppressed."""
        ...

    async def page(self, after: bytes, most: int) -> Sequence[Suppression]:
        """In the order of their digests, from behind `after`."""
        ...


class AuditEntry(Protocol):
    """One line of the audit log. `at` is in seconds since 1970."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def actor(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def subject(self) -> str: ...


class AuditLog(Protocol):
    """What operators did."""

    async def entries(self, most: int = 100, before: int = 0, subject: str = "") -> Sequence[AuditEntry]:
        """The newest lines first; those before the line `before`, about `subject`."""
        ...


class Audit(Protocol):
    """What recomputing the books found. Amounts are milli-credits; balanced books have no `complaints`."""

    @property
    def balanced(self) -> bool: ...
    @property
    def accounts(self) -> int: ...
    @property
    def entries(self) -> int: ...
    @property
    def sum(self) -> int: ...
    @property
    def available(self) -> int: ...
    @property
    def held(self) -> int: ...
    @property
    def complaints(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of an address: who had said what of it, and with which probability it was held to exist."""

    identifier: str
    delivered: bool
    stated: float | None
    words: tuple[Heard, ...]


class OutcomeBook(Protocol):
    """What became of addresses."""

    async def records(self, identifier: str) -> Sequence[EnrichmentRecord]:
        """The finished enrichments that are about this identifier, the newest first."""
        ...

    async def count(self, judgements: Sequence[Judgement], actor: str) -> Sequence[bool]:
        """Count each, unless its address was counted before; tells which were."""
        ...


class Store(Protocol):
    """Where everything is kept."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def admin_keys(self) -> AdminKeys: ...
    @property
    def ledger(self) -> Credits: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def suppressions(self) -> Suppressions: ...
    @property
    def audit_log(self) -> AuditLog: ...

    async def audit(self) -> Audit:
        """Recompute the books, as of one moment."""
        ...
