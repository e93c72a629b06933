"""One answer for one `Idempotency-Key`, kept in the transactions that it belongs to."""

from headrace.domain.errors import Problem
from headrace.ports import Claim, Clock, Reply
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.owner import Owner
from headrace.storage.vault import Vault

_EXPIRE = "DELETE FROM idempotency_keys WHERE digest = :digest AND expires_at < :at"
_CLAIM = """
    INSERT INTO idempotency_keys (digest, fingerprint, state, owner, enrichment_id, created_at, expires_at)
    VALUES (:digest, :fingerprint, 'running', :owner, :enrichment, :at, :until)
    ON CONFLICT DO NOTHING RETURNING digest
"""
_ANSWER = """
    UPDATE idempotency_keys SET state = 'done', status = :status, answer = :answer, expires_at = :until
    WHERE digest = :digest AND state = 'running' AND owner = :owner
"""
_LOOK = """
    SELECT fingerprint, state, status, answer, owner FROM idempotency_keys
    WHERE digest = :digest AND expires_at >= :at
"""
_FREE = "DELETE FROM idempotency_keys WHERE digest = :digest AND state = 'running' AND owner = :owner"

FORGET_ENRICHMENT = "DELETE FROM idempotency_keys WHERE enrichment_id = :enrichment AND state = 'running'"
FORGET_RUNNING = "DELETE FROM idempotency_keys WHERE owner = :owner AND state = 'running'"


class SqlIdempotency:
    """`ports.Idempotency`."""

    def __init__(self, database: Database, owner: Owner, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._owner = owner
        self._vault = vault
        self._clock = clock

    async def look(self, claim: Claim) -> Reply | None:
        digest = self._vault.digest(claim.name)
        rows = await self._database.read(_LOOK, {"digest": digest, "at": self._clock.wall()})
        return self._told(claim, rows[0]) if rows else None

    async def begin(self, claim: Claim) -> None:
        at = self._clock.wall()
        begun = await self._database.write(
            lambda: begin(self._vault, claim, self._owner.id, at), crowd=True, key=claim.name
        )
        if not begun:
            raise in_use()

    async def end(self, reply: Reply) -> None:
        at = self._clock.wall()
        await self._database.write(lambda: end(self._vault, reply, self._owner.id, at), crowd=True)

    async def free(self, claim: Claim) -> None:
        row = {"digest": self._vault.digest(claim.name), "owner": self._owner.id}

        def operation() -> Steps[None]:
            yield Statement(_FREE, row)

        await self._database.write(operation)

    def _told(self, claim: Claim, row: Row) -> Reply:
        if bytes(row["fingerprint"]) != self._vault.digest(claim.fingerprint):
            raise Problem("idempotency_key_reused")
        if row["state"] == "running":
            return Reply(claim, status=0, body=b"", ours=row["owner"] == self._owner.id)
        return Reply(claim, row["status"], self._vault.open(row["answer"]))


def in_use() -> Problem:
    """What whoever comes second is told."""
    return Problem("idempotency_key_in_use", retry_after=1)


def begin(vault: Vault, claim: Claim, owner: str, at: float, enrichment_id: str | None = None) -> Steps[bool]:
    """Take the key; false when another request has it."""
    digest = vault.digest(claim.name)
    row = {
        "digest": digest,
        "fingerprint": vault.digest(claim.fingerprint),
        "owner": owner,
        "enrichment": enrichment_id,
        "at": at,
        "until": at + claim.seconds,
    }
    yield Statement(_EXPIRE, {"digest": digest, "at": at})
    return bool((yield Statement(_CLAIM, row)))


def end(vault: Vault, reply: Reply, owner: str, at: float) -> Steps[None]:
    """Keep the answer for whoever asks again, unless the key was taken from its owner meanwhile."""
    row = {
        "owner": owner,
        "digest": vault.digest(reply.claim.name),
        "status": reply.status,
        "answer": vault.seal(reply.body),
        "until": at + (reply.seconds or reply.claim.seconds),
    }
    yield Statement(_ANSWER, row)
