"""Accounts, their keys, settings and consents."""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.domain.model import Account
from headrace.engine.ids import new_id
from headrace.ports import Clock
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.keys import KeySmith, NewKey

PERSONAL_EMAIL = "personal_email"
"""The document that an account consents to before personal addresses are looked for."""

_ACCOUNT = """
    SELECT a.id, a.name, a.available, a.held, a.consents_personal_email, a.phone_countries, a.validation,
        a.email_status_vocabulary, a.accept_risky
"""
_BY_KEY = _ACCOUNT + (
    ", k.digest FROM api_keys k JOIN accounts a ON a.id = k.account_id"
    " WHERE k.id = :key AND k.revoked_at IS NULL"
)
_BY_NAME_OR_ID = _ACCOUNT + "FROM accounts a WHERE a.name = :who OR a.id = :who"
_BY_ID = _ACCOUNT + "FROM accounts a WHERE a.id = :account"
_ALL = _ACCOUNT + "FROM accounts a ORDER BY a.created_at"
_CREATE = """
    INSERT INTO accounts (id, name, created_at, available, held, consents_personal_email,
        phone_countries, validation, email_status_vocabulary, accept_risky)
    VALUES (:id, :name, :at, 0, 0, FALSE,
        :phone_countries, :validation, :email_status_vocabulary, :accept_risky)
    ON CONFLICT DO NOTHING RETURNING id
"""
_SET = """
    UPDATE accounts SET phone_countries = :phone_countries, validation = :validation,
        email_status_vocabulary = :email_status_vocabulary, accept_risky = :accept_risky
    WHERE id = :account
"""
_RECORD_CONSENT = """
    INSERT INTO consents (account_id, document, action, actor, at)
    VALUES (:account, :document, :action, :actor, :at)
"""
_CONSENT = "UPDATE accounts SET consents_personal_email = :granted WHERE id = :account"
_ADD_KEY = "INSERT INTO api_keys (id, account_id, digest, created_at) VALUES (:id, :account, :digest, :at)"
_KEYS = "SELECT id, created_at, revoked_at FROM api_keys WHERE account_id = :account ORDER BY created_at"
ANY_KEY = "SELECT 1 FROM api_keys LIMIT 1"
_REVOKE = "UPDATE api_keys SET revoked_at = :at WHERE id = :key AND revoked_at IS NULL RETURNING id"


class NameTaken(ValueError):
    """An account of that name exists."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set on an account."""

    phone_countries: tuple[str, ...] = ()
    validation: str = "strict"  # strict | lenient
    email_status_vocabulary: str = "schema"  # schema | deliverability
    accept_risky: bool = False

    @classmethod
    def of(cls, account: Account) -> "Settings":
        return cls(
            account.phone_countries,
            "lenient" if account.lenient else "strict",
            "deliverability" if account.deliverability_vocabulary else "schema",
            account.accept_risky,
        )

    def columns(self) -> dict[str, object]:
        return {
            "phone_countries": ",".join(self.phone_countries),
            "validation": self.validation,
            "email_status_vocabulary": self.email_status_vocabulary,
            "accept_risky": self.accept_risky,
        }


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as it is listed: never its text. Times are seconds since 1970."""

    id: str
    created_at: float
    revoked_at: float | None


class SqlAccounts:
    """`ports.Accounts`, plus what an operator does with accounts."""

    def __init__(self, database: Database, keys: KeySmith, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def by_api_key(self, api_key: str) -> Account | None:
        parts = self._keys.split(api_key)
        if parts is None:
            return None
        key_id, secret = parts
        rows = await self._database.read(_BY_KEY, {"key": key_id})
        # An unknown id is compared too, so that the time taken does not tell which ids exist.
        if not self._keys.matches(secret, bytes(rows[0]["digest"]) if rows else b""):
            return None
        return _account(rows[0])

    async def create(self, name: str, settings: Settings) -> Account:
        """Raises `NameTaken`."""
        row = {"id": new_id(), "name": name, "at": self._clock.wall(), **settings.columns()}

        def operation() -> Steps[bool]:
            if (yield Statement(_BY_NAME_OR_ID, {"who": name})):
                return False
            return bool((yield Statement(_CREATE, row)))

        if not await self._database.write(operation):
            raise NameTaken(name)
        return await self.get(name)

    async def by_id(self, account_id: str) -> Account | None:
        rows = await self._database.read(_BY_ID, {"account": account_id})
        return _account(rows[0]) if rows else None

    async def get(self, who: str) -> Account:
        """By name or id. Raises `LookupError`."""
        rows = await self._database.read(_BY_NAME_OR_ID, {"who": who})
        if not rows:
            raise LookupError(who)
        return _account(rows[0])

    async def all(self) -> list[Account]:
        return [_account(row) for row in await self._database.read(_ALL, {})]

    async def set(self, account: Account, settings: Settings) -> None:
        await self._put(_SET, {"account": account.id, **settings.columns()})

    async def consent(self, account: Account, granted: bool, actor: str) -> None:
        """Record that the account consents to personal-address enrichment, or does so no longer."""
        record = {
            "account": account.id,
            "document": PERSONAL_EMAIL,
            "action": "grant" if granted else "withdraw",
            "actor": actor,
            "at": self._clock.wall(),
        }

        def operation() -> Steps[None]:
            yield Statement(_RECORD_CONSENT, record)
            yield Statement(_CONSENT, {"account": account.id, "granted": granted})

        await self._database.write(operation)

    async def add_key(self, account: Account) -> NewKey:
        key = self._keys.make()
        row = {"id": key.id, "account": account.id, "digest": key.digest, "at": self._clock.wall()}
        await self._put(_ADD_KEY, row)
        return key

    async def keys(self, account: Account) -> list[KeyInfo]:
        return [KeyInfo(*row) for row in await self._database.read(_KEYS, {"account": account.id})]

    async def revoke_key(self, key_id: str) -> bool:
        """False when there is no such live key."""
        return bool(await self._put(_REVOKE, {"key": key_id, "at": self._clock.wall()}))

    async def _put(self, sql: str, row: Mapping[str, object]) -> list[Row]:
        def operation() -> Steps[list[Row]]:
            return (yield Statement(sql, row))

        return await self._database.write(operation)


def _account(row: Row) -> Account:
    return Account(
        id=row[0],
        name=row[1],
        available=row[2],
        held=row[3],
        consents_personal_email=bool(row[4]),
        phone_countries=tuple(row[5].split(",")) if row[5] else (),
        lenient=row[6] == "lenient",
        deliverability_vocabulary=row[7] == "deliverability",
        accept_risky=bool(row[8]),
    )


__all__ = ["KeyInfo", "NameTaken", "Settings", "SqlAccounts"]
