"""Whether the pepper and the keys that a process was given are those that its database was written with.

With another pepper every API key would be turned away, suppressed persons would be forgotten, and the next
line of the audit log would break its chain for good; with other keys no record could be read.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from headrace.storage.audit_log import NEWEST, links
from headrace.storage.database import Operation, Row, Statement, Steps
from headrace.storage.errors import Unusable
from headrace.storage.keys import ANY_USE
from headrace.storage.vault import Vault, is_plain

_NAME = {"name": "pepper_fingerprint"}
_KEPT = "SELECT value FROM secrets WHERE name = :name"
_KEEP = """
    INSERT INTO secrets (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
# Some of each kind, as any kind may have been purged. Not what is remembered: that can be asked for again.
_SEALED = """
    SELECT * FROM (
        SELECT record FROM enrichments WHERE record IS NOT NULL ORDER BY created_at DESC LIMIT 1
    ) AS newest
    UNION ALL SELECT * FROM (
        SELECT record FROM enrichments WHERE record IS NOT NULL ORDER BY created_at LIMIT 1
    ) AS oldest
    UNION ALL SELECT * FROM (
        SELECT webhook_secrets FROM accounts WHERE webhook_secrets IS NOT NULL LIMIT 1
    ) AS of_accounts
    UNION ALL SELECT * FROM (SELECT credentials FROM vendor_keys LIMIT 1) AS of_vendors
"""


class Opening(Protocol):
    """A database that is being opened, for a caller without an event loop."""

    def look(self, sql: str, parameters: Mapping[str, object]) -> list[Row]: ...

    def settle(self, operation: Operation[Any]) -> Any: ...


def prove_pepper(database: Opening, vault: Vault, named: str) -> None:
    """A fingerprint is kept of the pepper that was used first. Until something depends on the pepper it may
    change. `named` is where it was given. Raises `Unusable`."""
    fingerprint = vault.digest("pepper's fingerprint").hex()
    kept = database.look(_KEPT, _NAME)
    if kept and kept[0][0] == fingerprint:
        return
    if database.look(ANY_USE, {}):
        # Of a database from before fingerprints were kept: one line of the audit log that fits is enough, as
        # others may have been tampered with. Where there is none, nothing is known, and nothing is kept.
        fitting = links(vault, database.look(NEWEST, {"nothing": b""}))
        if not kept and not fitting:
            return
        if kept or not any(fitting):
            raise Unusable(
                f"{named}: is not the pepper that this database was written with; with another one no API "
                "key is accepted and no suppressed person recognised"
            )
    database.settle(lambda: _keep(fingerprint))


def prove_keys(database: Opening, vault: Vault, named: str) -> None:
    """The newest or the oldest of what was sealed must open. Not all of it: after an accident the rest is
    worth having.
    `named` is where the keys were given. Raises `Unusable`."""
    sealed = [bytes(row[0]) for row in database.look(_SEALED, {})]
    sealed = [record for record in sealed if not is_plain(record)]
    if sealed and not any(vault.opens(record) for record in sealed):
        raise Unusable(
            f"{named}: none of these keys opens what this database holds, neither the newest nor the oldest; "
            "give those that it was sealed with, or see headrace db give-up"
        )


def _keep(fingerprint: str) -> Steps[None]:
    yield Statement(_KEEP, {**_NAME, "value": fingerprint})
