"""What operators did: an append-only log in which every line is chained to the one before it.

The links are keyed hashes, so that whoever can write to the database but does not have the pepper can neither
change, insert nor remove a line unnoticed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from headrace.ports import Clock
from headrace.storage.database import Database, Row, Statement, Steps
from headrace.storage.vault import Vault

_PAGE = 1_000

# Taking a place locks the end of the log until the commit, so that lines of several processes queue up.
_TAKE_PLACE = """
    INSERT INTO audit_ends (name, entry, chain) VALUES ('last', 1, :nothing)
    ON CONFLICT (name) DO UPDATE SET entry = audit_ends.entry + 1 RETURNING entry, chain
"""
_ADD = """
    INSERT INTO audit_log (id, at, actor, action, subject, chain)
    VALUES (:id, :at, :actor, :action, :subject, :chain)
"""
_END = "UPDATE audit_ends SET chain = :chain WHERE name = 'last'"
_ENDS = "SELECT name, entry, chain FROM audit_ends"
_PAGE_AFTER = """
    SELECT id, at, actor, action, subject, chain FROM audit_log WHERE id > :after ORDER BY id LIMIT :most
"""
NEWEST = """
    SELECT l.id, l.at, l.actor, l.action, l.subject, l.chain, COALESCE(b.chain, f.chain, :nothing)
    FROM audit_log l
        LEFT JOIN audit_log b ON b.id = l.id - 1
        LEFT JOIN audit_ends f ON f.name = 'first'
    ORDER BY l.id DESC LIMIT 100
"""
"""Lines, each with what it is chained to; for `links`."""

_PAGE_BEFORE = """
    SELECT id, at, actor, action, subject, chain FROM audit_log
    WHERE (:before = 0 OR id < :before) AND (:subject = '' OR subject = :subject) ORDER BY id DESC LIMIT :most
"""
_FIRST_KEPT = "SELECT MIN(id) FROM audit_log WHERE at >= :cutoff"
_LAST_TO_GO = "SELECT id, chain FROM audit_log WHERE (:kept = 0 OR id < :kept) ORDER BY id DESC LIMIT 1"
# Of two who forget at the same moment the one who forgets more decides, whoever comes first.
_BEGIN_AFTER = """
    INSERT INTO audit_ends (name, entry, chain) VALUES ('first', :entry, :chain)
    ON CONFLICT (name) DO UPDATE SET entry = :entry, chain = :chain WHERE audit_ends.entry < :entry
"""
_FORGET = "DELETE FROM audit_log WHERE id <= :entry RETURNING id"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line. `subject` is an id or a digest, never personal data; `at` is in seconds since 1970."""

    id: int
    at: float
    actor: str
    action: str
    subject: str


@dataclass(frozen=True, slots=True)
class Verified:
    """`broken_at`: the first line that is not what was written there; `None` when all are."""

    entries: int
    broken_at: int | None = None


class AuditLog:
    """The log. `actor` is `operator` for a command, `admin:<key id>` for the admin API; `action` is a noun
    and a verb such as `key.revoke`."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def line(self, actor: str, action: str, subject: str) -> Steps[None]:
        """Add a line within an operation: `yield from audit_log.line(...)`. Not in a crowd: there, two lines
        would take their places before either is chained."""
        place, before = (yield Statement(_TAKE_PLACE, {"nothing": b""}))[0]
        entry = AuditEntry(place, self._clock.wall(), actor, action, subject)
        chain = self._link(bytes(before), entry)
        row = {"id": place, "at": entry.at, "actor": actor, "action": action, "subject": subject}
        yield Statement(_ADD, {**row, "chain": chain})
        yield Statement(_END, {"chain": chain})

    async def record(self, actor: str, action: str, subject: str) -> None:
        """Add a line by itself."""
        await self._database.write(lambda: self.line(actor, action, subject))

    async def entries(self, most: int = 100, before: int = 0, subject: str = "") -> Sequence[AuditEntry]:
        """The newest lines first; those before the line `before`, about `subject`."""
        row = {"most": most, "before": before, "subject": subject}
        return [_entry(found) for found in await self._database.read(_PAGE_BEFORE, row)]

    async def verify(self) -> Verified:
        """Recompute every link, as of one moment."""
        return await self._database.snapshot(self._verify)

    def forget_before(self, cutoff: float) -> Steps[int]:
        """Remove the lines from before `cutoff`, keeping the link that the rest is chained to; returns how
        many those were."""
        kept = (yield Statement(_FIRST_KEPT, {"cutoff": cutoff}))[0][0]
        last = yield Statement(_LAST_TO_GO, {"kept": kept or 0})
        if not last:
            return 0
        entry, chain = last[0]
        yield Statement(_BEGIN_AFTER, {"entry": entry, "chain": chain})
        return len((yield Statement(_FORGET, {"entry": entry})))

    def _verify(self) -> Steps[Verified]:
        ends = {row[0]: (row[1], bytes(row[2])) for row in (yield Statement(_ENDS, {}))}
        place, chain = ends.get("first", (0, b""))
        last, entries = ends.get("last", (0, b"")), 0
        while rows := (yield Statement(_PAGE_AFTER, {"after": place, "most": _PAGE})):
            for row in rows:
                chain = self._link(chain, _entry(row))
                if row[0] != place + 1 or bytes(row[5]) != chain:
                    return Verified(entries, broken_at=place + 1)
                place, entries = row[0], entries + 1
        complete = (place, chain) == last
        return Verified(entries, broken_at=None if complete else place + 1)

    def _link(self, before: bytes, entry: AuditEntry) -> bytes:
        return _link(self._vault, before, entry)


def links(vault: Vault, rows: Sequence[Row]) -> list[bool]:
    """Of each of the rows of `NEWEST`, whether it was written with this pepper, and is as it was written."""
    return [_link(vault, bytes(row[6]), _entry(row)) == bytes(row[5]) for row in rows]


def _link(vault: Vault, before: bytes, entry: AuditEntry) -> bytes:
    said = (before.hex(), entry.id, entry.at, entry.actor, entry.action, entry.subject)
    return vault.digest(f"audit:{said!r}")


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(row[0], row[1], row[2], row[3], row[4])
