"""Writes what operators are shown; the commands show the same."""

from collections.abc import Sequence
from typing import Any

from headrace.api.admin import schemas
from headrace.api.render import credits, perhaps, when
from headrace.domain.model import Account
from headrace.operate.model import Consent, KeyInfo, Secret, Settings
from headrace.operate.ports import Audit, AuditEntry, Suppression


def account_details(account: Account) -> schemas.AccountDetails:
    settings: Any = Settings.of(account)
    return schemas.AccountDetails(
        account_id=account.id,
        name=account.name,
        available=credits(account.available),
        held=credits(account.held),
        consents_personal_email=account.consents_personal_email,
        phone_countries=settings.phone_countries,
        validation=settings.validation,
        email_status_vocabulary=settings.email_status_vocabulary,
        accept_risky=settings.accept_risky,
        max_age=_whole(settings.max_age),
        miss_max_age=_whole(settings.miss_max_age),
        deliverable=settings.deliverable,
        catch_all=settings.catch_all,
        invalid=settings.invalid,
    )


def key_details(key: KeyInfo) -> schemas.KeyDetails:
    return schemas.KeyDetails(key.id, when(key.created_at), perhaps(key.revoked_at))


def consent_details(consent: Consent) -> schemas.ConsentDetails:
    action: Any = consent.action
    return schemas.ConsentDetails(consent.document, action, consent.version, consent.actor, when(consent.at))


def secret_answer(secrets: Sequence[Secret]) -> schemas.SecretAnswer:
    previous = [schemas.PreviousSecret(each.secret, when(each.until or 0.0)) for each in secrets[1:]]
    return schemas.SecretAnswer(secrets[0].secret if secrets else None, previous)


def books_answer(audit: Audit) -> schemas.BooksAnswer:
    return schemas.BooksAnswer(
        balanced=audit.balanced,
        accounts=audit.accounts,
        entries=audit.entries,
        sum=credits(audit.sum),
        available=credits(audit.available),
        held=credits(audit.held),
        complaints=audit.complaints,
    )


def suppression_details(suppression: Suppression) -> schemas.SuppressionDetails:
    kind: Any = suppression.kind
    return schemas.SuppressionDetails(
        suppression.digest.hex(), kind, suppression.source, when(suppression.created_at)
    )


def audit_line(entry: AuditEntry) -> schemas.AuditLine:
    return schemas.AuditLine(entry.id, when(entry.at), entry.actor, entry.action, entry.subject)


def _whole(seconds: float) -> int | float:
    return int(seconds) if seconds == int(seconds) else seconds
