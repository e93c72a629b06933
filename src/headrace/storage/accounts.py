"""Accounts, their keys, settings and consents."""

from headrace.domain.model import Account, Thresholds
from headrace.engine.ids import new_id
from headrace.operate.model import Consent, KeyInfo, NameTaken, NewKey, Settings
from headrace.operate.ports import OPERATOR
from headrace.ports import Clock
from headrace.storage import books, consents
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.keys import KeySmith

_ACCOUNT = """
    SELECT a.id, a.name, a.available, a.held, a.consents_personal_email, a.phone_countries, a.validation,
        a.email_status_vocabulary, a.accept_risky, a.consent_version, a.max_age, a.miss_max_age,
        a.deliverable, a.catch_all, a.invalid
"""
_BY_KEY = _ACCOUNT + (
    ", k.digest FROM api_keys k JOIN accounts a ON a.id = k.account_id"
    " WHERE k.id = :key AND k.revoked_at IS NULL"
)
_BY_NAME_OR_ID = _ACCOUNT + "FROM accounts a WHERE a.name = :who OR a.id = :who"
_BY_ID = _ACCOUNT + "FROM accounts a WHERE a.id = :account"
_ALL = _ACCOUNT + "FROM accounts a ORDER BY a.created_at"
_PAGE = _ACCOUNT + "FROM accounts a WHERE a.id > :after ORDER BY a.id LIMIT :most"
_CREATE = """
    INSERT INTO accounts (id, name, created_at, available, held, consents_personal_email,
        phone_countries, validation, email_status_vocabulary, accept_risky, max_age, miss_max_age,
        deliverable, catch_all, invalid)
    VALUES (:id, :name, :at, 0, 0, FALSE,
        :phone_countries, :validation, :email_status_vocabulary, :accept_risky, :max_age, :miss_max_age,
        :deliverable, :catch_all, :invalid)
    ON CONFLICT DO NOTHING RETURNING id
"""
_SET = """
    UPDATE accounts SET phone_countries = :phone_countries, validation = :validation,
        email_status_vocabulary = :email_status_vocabulary, accept_risky = :accept_risky,
        max_age = :max_age, miss_max_age = :miss_max_age,
        deliverable = :deliverable, catch_all = :catch_all, invalid = :invalid
    WHERE id = :account
"""
_ADD_KEY = "INSERT INTO api_keys (id, account_id, digest, created_at) VALUES (:id, :account, :digest, :at)"
_KEYS = "SELECT id, created_at, revoked_at FROM api_keys WHERE account_id = :account ORDER BY created_at"
_REVOKE = "UPDATE api_keys SET revoked_at = :at WHERE id = :key AND revoked_at IS NULL RETURNING id"


class SqlAccounts:
    """`ports.Accounts` and `operate.ports.Accounts`.

    `consent_version` is that of the document in force: a consent to another one counts no more.
    """

    def __init__(
        self, database: Database, keys: KeySmith, clock: Clock, audit_log: AuditLog, consent_version: str
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._audit_log = audit_log
        self._consent_version = consent_version

    async def by_api_key(self, api_key: str) -> Account | None:
        parts = self._keys.split(api_key)
        if parts is None:
            return None
        key_id, secret = parts
        rows = await self._database.read(_BY_KEY, {"key": key_id})
        # An unknown id is compared too, so that the time taken does not tell which ids exist.
        if not self._keys.matches(secret, bytes(rows[0]["digest"]) if rows else b""):
            return None
        return self._account(rows[0])

    def new_key(self) -> NewKey:
        return self._keys.make()

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
        id_, at = new_id(), self._clock.wall()
        row = {"id": id_, "name": name, "at": at, **_columns(settings)}

        def operation() -> Steps[bool]:
            if (yield Statement(_BY_NAME_OR_ID, {"who": name})) or not (yield Statement(_CREATE, row)):
                return False
            yield from self._audit_log.line(actor, "account.create", id_)
            if key:
                yield from self._add_key(id_, key, actor, at)
            if consented:
                yield from consents.record(id_, self._consent("grant", actor, at), self._audit_log)
            if credits:
                yield from books.grant(new_id(), id_, credits, at)
                yield from self._audit_log.line(actor, "credits.grant", id_)
            return True

        if not await self._database.write(operation):
            raise NameTaken(name)
        return await self.get(id_)

    async def by_id(self, account_id: str) -> Account | None:
        rows = await self._database.read(_BY_ID, {"account": account_id})
        return self._account(rows[0]) if rows else None

    async def get(self, who: str) -> Account:
        """By name or id. Raises `LookupError`."""
        rows = await self._database.read(_BY_NAME_OR_ID, {"who": who})
        if not rows:
            raise LookupError(who)
        return self._account(rows[0])

    async def all(self) -> list[Account]:
        return [self._account(row) for row in await self._database.read(_ALL, {})]

    async def page(self, after: str, most: int) -> list[Account]:
        rows = await self._database.read(_PAGE, {"after": after, "most": most})
        return [self._account(row) for row in rows]

    async def set(self, account: Account, settings: Settings, actor: str = OPERATOR) -> None:
        def operation() -> Steps[None]:
            yield Statement(_SET, {"account": account.id, **_columns(settings)})
            yield from self._audit_log.line(actor, "account.set", account.id)

        await self._database.write(operation, key=account.id)

    async def consent(
        self, account: Account, granted: bool, actor: str = OPERATOR, version: str | None = None
    ) -> None:
        agreed = self._consent("grant" if granted else "withdraw", actor, self._clock.wall(), version)
        await self._database.write(
            lambda: consents.record(account.id, agreed, self._audit_log), key=account.id
        )

    async def consents(self, account: Account) -> list[Consent]:
        rows = await self._database.read(consents.ALL, {"account": account.id})
        return [consents.read(row) for row in rows]

    async def add_key(self, account: Account, actor: str = OPERATOR) -> NewKey:
        key, at = self.new_key(), self._clock.wall()
        await self._database.write(lambda: self._add_key(account.id, key, actor, at))
        return key

    async def keys(self, account: Account) -> list[KeyInfo]:
        return [KeyInfo(*row) for row in await self._database.read(_KEYS, {"account": account.id})]

    async def revoke_key(self, key_id: str, actor: str = OPERATOR) -> bool:
        at = self._clock.wall()

        def operation() -> Steps[bool]:
            revoked = yield Statement(_REVOKE, {"key": key_id, "at": at})
            if revoked:
                yield from self._audit_log.line(actor, "key.revoke", key_id)
            return bool(revoked)

        return await self._database.write(operation)

    def _add_key(self, account_id: str, key: NewKey, actor: str, at: float) -> Steps[None]:
        yield Statement(_ADD_KEY, {"id": key.id, "account": account_id, "digest": key.digest, "at": at})
        yield from self._audit_log.line(actor, "key.create", key.id)

    def _consent(self, action: str, actor: str, at: float, version: str | None = None) -> Consent:
        return Consent(consents.PERSONAL_EMAIL, action, version or self._consent_version, actor, at)

    def _account(self, row: Row) -> Account:
        return Account(
            id=row[0],
            name=row[1],
            available=row[2],
            held=row[3],
            consents_personal_email=bool(row[4]) and row[9] == self._consent_version,
            phone_countries=tuple(row[5].split(",")) if row[5] else (),
            lenient=row[6] == "lenient",
            deliverability_vocabulary=row[7] == "deliverability",
            accept_risky=bool(row[8]),
            max_age=row[10],
            miss_max_age=row[11],
            thresholds=Thresholds(row[12], row[13], row[14]),
        )


def _columns(settings: Settings) -> dict[str, object]:
    return {
        "phone_countries": ",".join(settings.phone_countries),
        "validation": settings.validation,
        "email_status_vocabulary": settings.email_status_vocabulary,
        "accept_risky": settings.accept_risky,
        "max_age": settings.max_age,
        "miss_max_age": settings.miss_max_age,
        "deliverable": settings.deliverable,
        "catch_all": settings.catch_all,
        "invalid": settings.invalid,
    }


__all__ = ["KeyInfo", "NameTaken", "Settings", "SqlAccounts"]
