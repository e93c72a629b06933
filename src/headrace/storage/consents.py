"""What accounts have consented to: append-only, a withdrawal is a new line."""

from headrace.operate.model import Consent
from headrace.storage.audit_log import AuditLog
from headrace.storage.database import Row, Statement, Steps

PERSONAL_EMAIL = "personal_email"
"""The document that an account consents to before personal addresses are looked for."""

ALL = "SELECT document, action, version, actor, at FROM consents WHERE account_id = :account ORDER BY id"
_RECORD = """
    INSERT INTO consents (account_id, document, action, actor, at, version)
    VALUES (:account, :document, :action, :actor, :at, :version)
"""
_LATEST = """
    UPDATE accounts SET consents_personal_email = :granted, consent_version = :version WHERE id = :account
"""


def record(account_id: str, consent: Consent, audit_log: AuditLog) -> Steps[None]:
    """Add a line; it holds until the next one."""
    said = {
        "account": account_id,
        "document": consent.document,
        "action": consent.action,
        "actor": consent.actor,
        "at": consent.at,
        "version": consent.version,
        "granted": consent.action == "grant",
    }
    yield Statement(_RECORD, said)
    yield Statement(_LATEST, said)
    yield from audit_log.line(consent.actor, f"consent.{consent.action}", account_id)


def read(row: Row) -> Consent:
    return Consent(row["document"], row["action"], row["version"], row["actor"], row["at"])
