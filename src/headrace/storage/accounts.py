"""Accounts, their keys, settings and consents."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, literal_column, or_, select, update

from headrace.domain.model import Account
from headrace.engine.ids import new_id
from headrace.ports import Clock
from headrace.storage.database import Database
from headrace.storage.keys import KeySmith, NewKey
from headrace.storage.statement import compile_once
from headrace.storage.tables import accounts, api_keys, consents

PERSONAL_EMAIL = "personal_email"
"""The document that an account consents to before personal addresses are looked for."""

_COLUMNS = (
    accounts.c.id,
    accounts.c.name,
    accounts.c.available,
    accounts.c.held,
    accounts.c.consents_personal_email,
    accounts.c.phone_countries,
    accounts.c.validation,
    accounts.c.email_status_vocabulary,
    accounts.c.accept_risky,
)
_BY_KEY = compile_once(
    select(*_COLUMNS, api_keys.c.digest)
    .join(api_keys, api_keys.c.account_id == accounts.c.id)
    .where(api_keys.c.id == bindparam("key"), api_keys.c.revoked_at.is_(None))
)
_BY_NAME_OR_ID = compile_once(
    select(*_COLUMNS).where(or_(accounts.c.name == bindparam("who"), accounts.c.id == bindparam("who")))
)
_ALL = compile_once(select(*_COLUMNS).order_by(accounts.c.created_at))
_CREATE = compile_once(
    insert(accounts).values(
        id=bindparam("id"),
        name=bindparam("name"),
        created_at=bindparam("at"),
        available=literal_column("0"),
        held=literal_column("0"),
        consents_personal_email=literal_column("0"),
        phone_countries=bindparam("phone_countries"),
        validation=bindparam("validation"),
        email_status_vocabulary=bindparam("email_status_vocabulary"),
        accept_risky=bindparam("accept_risky"),
    )
)
_SET = compile_once(
    update(accounts)
    .where(accounts.c.id == bindparam("account"))
    .values(
        phone_countries=bindparam("new_phone_countries"),
        validation=bindparam("new_validation"),
        email_status_vocabulary=bindparam("new_email_status_vocabulary"),
        accept_risky=bindparam("new_accept_risky"),
    )
)
_RECORD_CONSENT = compile_once(
    insert(consents).values(
        account_id=bindparam("account"),
        document=bindparam("document"),
        action=bindparam("action"),
        actor=bindparam("actor"),
        at=bindparam("at"),
    )
)
_CONSENT = compile_once(
    update(accounts)
    .where(accounts.c.id == bindparam("account"))
    .values(consents_personal_email=bindparam("granted"))
)
_ADD_KEY = compile_once(
    insert(api_keys).values(
        id=bindparam("id"),
        account_id=bindparam("account"),
        digest=bindparam("digest"),
        created_at=bindparam("at"),
    )
)
_KEYS = compile_once(
    select(api_keys.c.id, api_keys.c.created_at, api_keys.c.revoked_at)
    .where(api_keys.c.account_id == bindparam("account"))
    .order_by(api_keys.c.created_at)
)
_REVOKE = compile_once(
    update(api_keys)
    .where(api_keys.c.id == bindparam("key"), api_keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)


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

    def columns(self, prefix: str = "") -> dict[str, object]:
        return {
            f"{prefix}phone_countries": ",".join(self.phone_countries),
            f"{prefix}validation": self.validation,
            f"{prefix}email_status_vocabulary": self.email_status_vocabulary,
            f"{prefix}accept_risky": int(self.accept_risky),
        }


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as it is listed: never its text. Times are seconds since 1970."""

    id: str
    created_at: float
    revoked_at: float | None


class SqliteAccounts:
    """`ports.Accounts` on a database file, plus what an operator does with accounts."""

    def __init__(self, database: Database, keys: KeySmith, clock: Clock) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock

    async def by_api_key(self, api_key: str) -> Account | None:
        parts = self._keys.split(api_key)
        if parts is None:
            return None
        key_id, secret = parts
        rows = self._database.read(_BY_KEY, {"key": key_id})
        # An unknown id is compared too, so that the time taken does not tell which ids exist.
        if not self._keys.matches(secret, rows[0]["digest"] if rows else b""):
            return None
        return _account(rows[0])

    async def create(self, name: str, settings: Settings) -> Account:
        """Raises `NameTaken`."""
        row = {"id": new_id(), "name": name, "at": self._clock.wall(), **settings.columns()}

        def operation(connection: sqlite3.Connection) -> bool:
            if connection.execute(_BY_NAME_OR_ID, {"who": name}).fetchone():
                return False
            connection.execute(_CREATE, row)
            return True

        if not await self._database.write(operation):
            raise NameTaken(name)
        return self.get(name)

    def get(self, who: str) -> Account:
        """By name or id. Raises `LookupError`."""
        rows = self._database.read(_BY_NAME_OR_ID, {"who": who})
        if not rows:
            raise LookupError(who)
        return _account(rows[0])

    def all(self) -> list[Account]:
        return [_account(row) for row in self._database.read(_ALL, {})]

    async def set(self, account: Account, settings: Settings) -> None:
        row: Mapping[str, object] = {"account": account.id, **settings.columns(prefix="new_")}
        await self._database.write(lambda connection: connection.execute(_SET, row).rowcount)

    async def consent(self, account: Account, granted: bool, actor: str) -> None:
        """Record that the account consents to personal-address enrichment, or does so no longer."""
        record = {
            "account": account.id,
            "document": PERSONAL_EMAIL,
            "action": "grant" if granted else "withdraw",
            "actor": actor,
            "at": self._clock.wall(),
        }

        def operation(connection: sqlite3.Connection) -> None:
            connection.execute(_RECORD_CONSENT, record)
            connection.execute(_CONSENT, {"account": account.id, "granted": int(granted)})

        await self._database.write(operation)

    async def add_key(self, account: Account) -> NewKey:
        key = self._keys.make()
        row = {"id": key.id, "account": account.id, "digest": key.digest, "at": self._clock.wall()}
        await self._database.write(lambda connection: connection.execute(_ADD_KEY, row).rowcount)
        return key

    def keys(self, account: Account) -> list[KeyInfo]:
        return [KeyInfo(*row) for row in self._database.read(_KEYS, {"account": account.id})]

    async def revoke_key(self, key_id: str) -> bool:
        """False when there is no such live key."""
        row = {"key": key_id, "at": self._clock.wall()}
        return await self._database.write(lambda connection: connection.execute(_REVOKE, row).rowcount > 0)


def _account(row: sqlite3.Row) -> Account:
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


__all__ = ["KeyInfo", "NameTaken", "Settings", "SqliteAccounts"]
