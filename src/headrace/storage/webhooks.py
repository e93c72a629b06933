"""What is owed to webhooks: queued with the settlement, attempted until it is delivered or given up."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from headrace.domain.webhooks import QUIET_FOR
from headrace.engine.ids import new_id
from headrace.operate.model import Secret
from headrace.operate.ports import OPERATOR, ChangeSecrets
from headrace.ports import Attempted, Clock, Delivery, DeliveryInfo, Settlement
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.vault import Vault

QUEUE = """
    INSERT INTO webhook_deliveries
        (id, enrichment_id, account_id, endpoint, state, next_at, created_at, record)
    VALUES (:id, :enrichment, :account, :endpoint, 'pending', :at, :at, :record)
"""
_NEXT = "SELECT MIN(next_at) FROM webhook_deliveries WHERE state = 'pending' AND batch IS NULL"
_CLAIM = """
    UPDATE webhook_deliveries SET batch = :batch WHERE state = 'pending' AND batch IS NULL AND id IN (
        SELECT id FROM webhook_deliveries WHERE state = 'pending' AND next_at <= :at AND batch IS NULL
        ORDER BY next_at LIMIT :most
    ) RETURNING id
"""
_BATCH = """
    SELECT d.id, d.enrichment_id, d.account_id, d.attempts - d.base AS made, d.created_at, d.record,
        e.first_failure_at, e.last_failure_at,
        CASE WHEN e.disabled_at IS NULL THEN 0 ELSE 1 END AS disabled, a.webhook_secrets
    FROM webhook_deliveries d JOIN accounts a ON a.id = d.account_id
    LEFT JOIN webhook_endpoints e ON e.account_id = d.account_id AND e.endpoint = d.endpoint
    WHERE d.batch = :batch AND d.state = 'pending'
"""
_PUT_BACK = "UPDATE webhook_deliveries SET batch = NULL WHERE batch = :batch AND state = 'pending'"
_OPEN_BATCHES = """
    SELECT DISTINCT batch FROM webhook_deliveries
    WHERE batch IS NOT NULL AND batch < :before AND state = 'pending'
"""
_ATTEMPTED = """
    UPDATE webhook_deliveries SET state = :state, attempts = attempts + :counted, next_at = :next_at,
        last_status = :status, last_error = :error, finished_at = :finished_at, batch = NULL,
        record = CASE WHEN :drop THEN NULL ELSE record END
    WHERE id = :id AND batch = :batch RETURNING account_id, endpoint
"""
# After a quiet time the row of failures begins anew: nobody knows how the endpoint was meanwhile.
_FAILING = """
    INSERT INTO webhook_endpoints (account_id, endpoint, first_failure_at, last_failure_at, disabled_at)
    VALUES (:account, :endpoint, :at, :at, :disabled_at)
    ON CONFLICT (account_id, endpoint) DO UPDATE SET
        first_failure_at = CASE
            WHEN webhook_endpoints.last_failure_at >= :quiet_since
            THEN COALESCE(webhook_endpoints.first_failure_at, :at) ELSE :at
        END,
        last_failure_at = :at,
        disabled_at = COALESCE(webhook_endpoints.disabled_at, :disabled_at)
"""
_WELL = """
    UPDATE webhook_endpoints SET first_failure_at = NULL, last_failure_at = NULL, disabled_at = NULL
    WHERE account_id = :account AND endpoint = :endpoint
"""
_LIST = """
    SELECT id, enrichment_id, attempts, state, last_status, last_error, next_at, created_at, record
    FROM webhook_deliveries WHERE account_id = :account ORDER BY created_at DESC, id DESC LIMIT :most
"""
_REPLAY = """
    UPDATE webhook_deliveries
    SET state = 'pending', next_at = :at, base = attempts, batch = NULL, finished_at = NULL
    WHERE id = :id AND record IS NOT NULL AND (:account = '' OR account_id = :account)
    RETURNING account_id, endpoint
"""
_SECRETS = "SELECT webhook_secrets FROM accounts WHERE id = :account"
_SET_IF_NONE = (
    "UPDATE accounts SET webhook_secrets = :secrets WHERE id = :account AND webhook_secrets IS NULL"
)
# Changes nothing but locks the row, so that of two who replace secrets the second sees what the first did.
_LOCK_SECRETS = """
    UPDATE accounts SET webhook_secrets = webhook_secrets WHERE id = :account RETURNING webhook_secrets
"""
_SET_SECRETS = "UPDATE accounts SET webhook_secrets = :secrets WHERE id = :account"

_ENDPOINTS = "webhook_endpoints"


class _Owed(Struct, frozen=True):
    """The sealed part of a delivery."""

    url: str
    body: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Owed).decode
_decode_secrets = msgspec.json.Decoder(list[Secret]).decode


def delivery(vault: Vault, settlement: Settlement) -> dict[str, object]:
    """The row for the webhook of a settlement."""
    url = settlement.enrichment.request.webhook_url or ""
    body = (settlement.webhook_body or b"").decode()
    return {
        "id": new_id(),
        "enrichment": settlement.enrichment.id,
        "account": settlement.account_id,
        "endpoint": vault.digest(f"endpoint:{url}"),
        "at": settlement.finished_at,
        "record": vault.seal(_encode(_Owed(url, body))),
    }


def url_in(record: bytes) -> str:
    """Where a delivery goes. Raises `msgspec.MsgspecError`."""
    return _decode(record).url


class SqlWebhooks:
    """`ports.Webhooks` and `operate.ports.Webhooks`."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, audit_log: AuditLog) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._audit_log = audit_log

    async def next_due(self) -> float | None:
        rows = await self._database.read(_NEXT, {})
        return rows[0][0] if rows else None

    async def claim(self, batch: str, most: int) -> int:
        row = {"batch": batch, "at": self._clock.wall(), "most": most}

        def operation() -> Steps[int]:
            return len((yield Statement(_CLAIM, row)))

        return await self._database.write(operation, key="webhook_claims")

    async def open_batches(self, before: str) -> Sequence[str]:
        return [row[0] for row in await self._database.read(_OPEN_BATCHES, {"before": before})]

    async def batch(self, batch: str) -> Sequence[Delivery]:
        return [self._delivery(row) for row in await self._database.read(_BATCH, {"batch": batch})]

    async def put_back(self, batch: str) -> None:
        await self._put(_PUT_BACK, {"batch": batch})

    async def attempted(self, batch: str, outcome: Attempted) -> None:
        at = self._clock.wall()
        row = {
            "id": outcome.id,
            "batch": batch,
            "state": outcome.state,
            "drop": outcome.state == "suppressed",
            "counted": int(outcome.counted),
            "next_at": outcome.next_at,
            "status": outcome.status,
            "error": outcome.error,
            "finished_at": None if outcome.state == "pending" else at,
        }

        def operation() -> Steps[None]:
            rows = yield Statement(_ATTEMPTED, row)
            if not rows or not (outcome.counted and outcome.asked):
                return
            endpoint = {"account": rows[0][0], "endpoint": rows[0][1]}
            if outcome.state == "delivered":
                yield Statement(_WELL, endpoint)
            else:
                failing = {"at": at, "quiet_since": at - QUIET_FOR}
                disabled_at = at if outcome.disable else None
                yield Statement(_FAILING, {**endpoint, **failing, "disabled_at": disabled_at})

        await self._database.write(operation, crowd=True, key=_ENDPOINTS)

    async def listed(self, account_id: str, most: int = 100) -> Sequence[DeliveryInfo]:
        rows = await self._database.read(_LIST, {"account": account_id, "most": most})
        return [self._info(row) for row in rows]

    async def replay(self, delivery_id: str, account_id: str = "", actor: str = "") -> bool:
        row = {"id": delivery_id, "account": account_id, "at": self._clock.wall()}

        def operation() -> Steps[bool]:
            rows = yield Statement(_REPLAY, row)
            if rows:
                yield Statement(_WELL, {"account": rows[0][0], "endpoint": rows[0][1]})
            if rows and actor:
                yield from self._audit_log.line(actor, "webhook.replay", delivery_id)
            return bool(rows)

        return await self._database.write(operation, key=_ENDPOINTS)

    async def secrets(self, account_id: str) -> list[Secret]:
        """The account's signing secrets that are in use, newest first."""
        rows = await self._database.read(_SECRETS, {"account": account_id})
        return self._open_secrets(rows[0][0] if rows else None)

    async def signing_secrets(self, account_id: str) -> Sequence[str]:
        return [each.secret for each in await self.secrets(account_id)]

    async def first_secret(self, account_id: str, secret: str) -> None:
        sealed = self._vault.seal(_encode([Secret(secret)]))
        await self._put(_SET_IF_NONE, {"account": account_id, "secrets": sealed})

    async def change_secrets(
        self, account_id: str, change: ChangeSecrets, actor: str = OPERATOR
    ) -> Sequence[Secret]:
        now = self._clock.wall()

        def operation() -> Steps[Sequence[Secret]]:
            rows = yield Statement(_LOCK_SECRETS, {"account": account_id})
            changed = change(self._open_secrets(rows[0][0]), now)
            sealed = self._vault.seal(_encode(list(changed)))
            yield Statement(_SET_SECRETS, {"account": account_id, "secrets": sealed})
            yield from self._audit_log.line(actor, "webhook_secret.change", account_id)
            return changed

        return await self._database.write(operation, key=account_id)

    def _delivery(self, row: Row) -> Delivery:
        owed = self._owed(row["record"])
        sealed = row["webhook_secrets"]
        secrets = [] if sealed is None else self._vault.read(sealed, _decode_secrets)
        closed = secrets is None or (owed is None and row["record"] is not None)
        return Delivery(
            id=row["id"],
            enrichment_id=row["enrichment_id"],
            account_id=row["account_id"],
            attempts=row["made"],
            url=owed.url if owed else None,
            body=owed.body.encode() if owed else b"",
            secrets=tuple(each.secret for each in self._in_use(secrets or [])),
            failing_since=row["first_failure_at"],
            failed_at=row["last_failure_at"],
            disabled=bool(row["disabled"]),
            unreadable=closed,
        )

    def _info(self, row: Row) -> DeliveryInfo:
        owed = self._owed(row["record"])
        return DeliveryInfo(
            id=row["id"],
            enrichment_id=row["enrichment_id"],
            url=owed.url if owed else None,
            attempts=row["attempts"],
            state=row["state"],
            last_status=row["last_status"],
            last_error=row["last_error"],
            next_at=row["next_at"],
            created_at=row["created_at"],
        )

    def _owed(self, record: bytes | None) -> _Owed | None:
        """`None` for what is gone, and for what no key opens."""
        return None if record is None else self._vault.read(record, _decode)

    def _open_secrets(self, sealed: bytes | None) -> list[Secret]:
        return [] if sealed is None else self._in_use(_decode_secrets(self._vault.open(sealed)))

    def _in_use(self, kept: list[Secret]) -> list[Secret]:
        now = self._clock.wall()
        return [each for each in kept if each.until is None or each.until > now]

    async def _put(self, sql: str, row: dict[str, object]) -> list[Row]:
        def operation() -> Steps[list[Row]]:
            return (yield Statement(sql, row))

        return await self._database.write(operation)
