"""Persons who must be left alone, known by keyed hashes only."""

from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from headrace.domain.trace import SUPPRESSED
from headrace.ports import Clock
from headrace.record import decode_record
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Database, Each, Row, Statement, Steps
from headrace.storage.vault import Vault

_ADD = """
    INSERT INTO suppressions (digest, kind, source, created_at) VALUES (:digest, :kind, :source, :at)
    ON CONFLICT DO NOTHING RETURNING digest
"""
# What was remembered of the person would answer in place of the search that is refused from now on.
_DROP_ANSWERS = "DELETE FROM answers WHERE id IN (SELECT record_id FROM subjects WHERE digest = :digest)"
_DROP_REPLIES = """
    DELETE FROM idempotency_keys WHERE state = 'done'
        AND enrichment_id IN (SELECT record_id FROM subjects WHERE digest = :digest)
"""
_REMOVE = "DELETE FROM suppressions WHERE digest = :digest RETURNING digest"
_PAGE = """
    SELECT digest, kind, source, created_at FROM suppressions
    WHERE digest > :after ORDER BY digest LIMIT :most
"""
_CONCERNS = """
    SELECT e.record FROM subjects s JOIN suppressions p ON p.digest = s.digest
    LEFT JOIN enrichments e ON e.id = s.record_id WHERE s.record_id = :record LIMIT 1
"""

_FEW = 8
"""Up to so many digests, which nobody exceeds but a vendor with a long list of numbers, a look-up for each is
answered sooner than one for a list; and a database takes only some hundred look-ups in one statement."""


class Suppression(Struct, frozen=True):
    """One identifier, as it is listed: its kind, never its value. `created_at` in seconds since 1970."""

    digest: bytes
    kind: str
    source: str
    created_at: float


class SqlSuppressions:
    """`ports.Suppressions`, plus what an operator does with them. Identifiers are `kind:value`."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, audit_log: AuditLog) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._audit_log = audit_log

    async def hit(self, identifiers: Sequence[str]) -> bool:
        if not identifiers:
            return False
        digests = [self._vault.digest(each) for each in identifiers]
        sql, names = _any_of(1 << (len(digests) - 1).bit_length())
        spread = dict.fromkeys(names, digests[0]) | dict(zip(names, digests, strict=False))
        return bool(await self._database.read(sql, spread))

    async def concern(self, record_id: str) -> bool:
        """Whether a stored enrichment tells something about a person who was suppressed since. One that
        was refused for it tells nothing, and its webhook is due like that of any miss."""
        rows = await self._database.read(_CONCERNS, {"record": record_id})
        if not rows:
            return False
        sealed = rows[0][0]
        return sealed is None or not was_refused(self._vault.open(sealed))

    async def add(self, identifiers: Sequence[str], source: str, actor: str) -> int:
        """Leave these alone from now on; returns how many were not known yet."""

        def operation() -> Steps[int]:
            yield from self._drop(identifiers)
            return (yield from self.adding(identifiers, source, actor))

        return await self._database.write(operation)

    async def load(self, identifiers: Sequence[str], source: str) -> int:
        """The same for a part of a long list, without a line in the audit log for each."""

        def operation() -> Steps[int]:
            yield from self._drop(identifiers)
            return (yield from self._put(identifiers, source))

        return await self._database.write(operation)

    def adding(self, identifiers: Sequence[str], source: str, actor: str) -> Steps[int]:
        """`add` within an operation, which leaves what is kept in its place."""
        for each in identifiers:
            yield from self._audit_log.line(actor, "suppression.add", self._vault.digest(each).hex())
        return (yield from self._put(identifiers, source))

    async def remove(self, identifiers: Sequence[str], actor: str) -> int:
        """They may be looked for again; returns how many were suppressed."""

        def operation() -> Steps[int]:
            gone = 0
            for digest in [self._vault.digest(each) for each in identifiers]:
                if (yield Statement(_REMOVE, {"digest": digest})):
                    yield from self._audit_log.line(actor, "suppression.remove", digest.hex())
                    gone += 1
            return gone

        return await self._database.write(operation)

    async def page(self, after: bytes, most: int) -> Sequence[Suppression]:
        """Suppressions in the order of their digests, from behind `after`."""
        rows = await self._database.read(_PAGE, {"after": after, "most": most})
        return [_read(row) for row in rows]

    def _put(self, identifiers: Sequence[str], source: str) -> Steps[int]:
        at, new = self._clock.wall(), 0
        for each in identifiers:
            row = {"digest": self._vault.digest(each), "kind": each.partition(":")[0], "source": source}
            new += len((yield Statement(_ADD, {**row, "at": at})))
        return new

    def _drop(self, identifiers: Sequence[str]) -> Steps[None]:
        digests = [{"digest": self._vault.digest(each)} for each in identifiers]
        yield Each(_DROP_ANSWERS, digests)
        yield Each(_DROP_REPLIES, digests)


def was_refused(record: bytes) -> bool:
    """Whether an enrichment's record says that its person was left alone."""
    return any(attempt.reason == SUPPRESSED for attempt in decode_record(record).attempts)


@cache
def _any_of(count: int) -> tuple[str, tuple[str, ...]]:
    """The question whether any of `count` digests is suppressed, and the names of its parameters. There are
    few such questions, so that a server prepares few."""
    names = tuple(f"d{number}" for number in range(count))
    if count > _FEW:
        listed = ", ".join(f":{name}" for name in names)
        return f"SELECT 1 FROM suppressions WHERE digest IN ({listed}) LIMIT 1", names  # noqa: S608
    one_each = (f"SELECT 1 FROM suppressions WHERE digest = :{name}" for name in names)  # noqa: S608
    return f"{' UNION ALL '.join(one_each)} LIMIT 1", names


def _read(row: Row) -> Suppression:
    return Suppression(bytes(row[0]), row[1], row[2], row[3])
