"""Writes the answer in the words of the public API."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from headrace.api.schemas import (
    AccountAnswer,
    ContactAnswer,
    CreditsAnswer,
    DeliveriesAnswer,
    DeliveryDetails,
    EnrichAnswer,
    EvidenceItem,
    Organization,
    PendingAnswer,
    ProgressAnswer,
    StoredAnswer,
    StoredValue,
    VerifyAnswer,
)
from headrace.domain.model import Account, Enrichment, EnrichmentRequest, Field, Grade
from headrace.engine.own.verify import Verified
from headrace.ports import DeliveryInfo, Progress, StoredEnrichment
from headrace.record import (
    EnrichmentRecord,
    ValueRecord,
    attempt_records,
    custom_of,
    record_of,
    value_records,
)

_SPOKEN = {Field.EMAIL: "email", Field.PHONE: "phone", Field.PERSONAL_EMAIL: "personal email"}

# Which word a verdict gets on the synchronous answer, in each vocabulary that an account can choose.
_SCHEMA = {Grade.DELIVERABLE: "valid", Grade.CATCH_ALL: "valid", Grade.RISKY: "catch-all"}
_DELIVERABILITY = {Grade.DELIVERABLE: "deliverable", Grade.CATCH_ALL: "catch-all", Grade.RISKY: "catch-all"}


def enrich_answer(enrichment: Enrichment, account: Account, attempts: bool = False) -> EnrichAnswer:
    """The synchronous answer; `attempts` adds the trace."""
    contact = enrichment.request.contact
    values = value_records(enrichment.results, 0.0)
    found = any(record.values for record in values.values())
    return EnrichAnswer(
        enrichment_id=enrichment.id,
        first_name=contact.first_name,
        last_name=contact.last_name,
        linkedin_profile_url=contact.linkedin_url,
        status="success" if found else "error",
        message=UNSET if found else nothing_found(values),
        custom=custom_of(enrichment.request),
        attempts=attempt_records(enrichment.attempts) if attempts else UNSET,
        email_confidence=_confidence(values) if attempts else UNSET,
        **_kinds(values, account),
    )


def stored_answer(stored: StoredEnrichment, account: Account) -> StoredAnswer:
    """A stored enrichment as its owner sees it."""
    request, values = stored.record.request, stored.record.results
    return StoredAnswer(
        enrichment_id=stored.id,
        first_name=request.first_name,
        last_name=request.last_name,
        company_name=request.company_name,
        domain=request.domain,
        linkedin_profile_url=request.linkedin_url,
        status="success" if any(record.values for record in values.values()) else "error",
        created_at=_iso(stored.created_at),
        finished_at=_iso(stored.finished_at or stored.created_at),
        credits_charged=credits(stored.charged),
        attempts=stored.record.attempts,
        provenance={wanted: _stored_value(record) for wanted, record in values.items()},
        custom=stored.record.custom,
        email_confidence=_confidence(values),
        **_kinds(values, account),
    )


def pending_answer(enrichment_id: str, request: EnrichmentRequest) -> PendingAnswer:
    """What was queued just now."""
    contact = request.contact
    custom = custom_of(request)
    return PendingAnswer(enrichment_id, contact.first_name, contact.last_name, "pending", custom)


def finished_body(enrichment: Enrichment, account: Account, bulk_id: str | None) -> ContactAnswer:
    """What the webhook of a queued enrichment says."""
    record = record_of(enrichment, 0.0)
    return _contact(enrichment.id, record, account, bulk_id)


def contact_answer(stored: StoredEnrichment, account: Account) -> ContactAnswer:
    """A stored enrichment, finished or not, as a client that polls reads it."""
    if stored.state == "finished":
        return _contact(stored.id, stored.record, account, stored.bulk_id)
    request = stored.record.request
    return ContactAnswer(
        stored.id,
        request.first_name,
        request.last_name,
        request.linkedin_url,
        "pending",
        bulk_id=stored.bulk_id or UNSET,
        custom=stored.record.custom,
    )


def _contact(id_: str, record: EnrichmentRecord, account: Account, bulk_id: str | None) -> ContactAnswer:
    request = record.request
    kinds = _kinds(record.results, replace(account, deliverability_vocabulary=True))
    kinds.pop("phone_status", None)
    if "phones" in kinds:
        kinds["phone"] = kinds["phones"]
    return ContactAnswer(
        id_,
        request.first_name,
        request.last_name,
        request.linkedin_url,
        "finished",
        bulk_id=bulk_id or UNSET,
        custom=record.custom,
        **kinds,
    )


def progress_answer(progress: Progress) -> ProgressAnswer:
    """How far a bulk has come."""
    status: Literal["queued", "processing", "finished"] = "processing"
    if progress.finished == progress.total:
        status = "finished"
    elif progress.queued == progress.total:
        status = "queued"
    return ProgressAnswer(progress.bulk_id, status, progress.total, progress.finished)


def verify_answer(verified: Verified) -> VerifyAnswer:
    """An address that was judged."""
    return VerifyAnswer(
        email=verified.email,
        verdict=verified.verdict.grade.value,
        reason=verified.verdict.reason,
        bounce_probability=verified.bounce_probability,
        evidence=[EvidenceItem(item.check, item.result.value, item.reason) for item in verified.evidence],
    )


def account_answer(account: Account) -> AccountAnswer:
    """The account behind a key."""
    return AccountAnswer(
        id=account.id,
        name=account.name,
        email=None,
        organization=Organization(account.id, account.name),
        consents_personal_email=account.consents_personal_email,
        phone_country_codes=account.phone_countries,
        validation="lenient" if account.lenient else "strict",
        email_status_vocabulary="deliverability" if account.deliverability_vocabulary else "schema",
        accept_risky=account.accept_risky,
    )


def credits_answer(account: Account) -> CreditsAnswer:
    """What the account can spend."""
    return CreditsAnswer(credits=credits(account.available), held=credits(account.held))


def deliveries_answer(deliveries: Sequence[DeliveryInfo]) -> DeliveriesAnswer:
    """Webhooks as they are listed."""
    return DeliveriesAnswer([_delivery(each) for each in deliveries])


def _delivery(delivery: DeliveryInfo) -> DeliveryDetails:
    state: Any = delivery.state
    return DeliveryDetails(
        id=delivery.id,
        enrichment_id=delivery.enrichment_id,
        url=delivery.url,
        attempts=delivery.attempts,
        state=state,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        next_at=perhaps(delivery.next_at),
        created_at=when(delivery.created_at),
    )


def when(seconds: float) -> str:
    """A moment in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def perhaps(seconds: float | None) -> str | None:
    """The same where there may be none."""
    return None if seconds is None else when(seconds)


def credits(amount: int) -> int | float:
    """Milli-credits as credits; whole ones without a decimal point."""
    return amount // 1000 if amount % 1000 == 0 else amount / 1000


def nothing_found(values: Mapping[str, ValueRecord]) -> str:
    """`No email, phone or personal email found for this profile`, for the kinds that were asked."""
    asked = [spoken for wanted, spoken in _SPOKEN.items() if wanted in values]
    listed = " or ".join(filter(None, [", ".join(asked[:-1]), asked[-1]]))
    return f"No {listed} found for this profile"


def _kinds(values: Mapping[str, ValueRecord], account: Account) -> dict[str, Any]:
    """The keys of the kinds that were asked for."""
    keys: dict[str, Any] = {}
    if email := values.get(Field.EMAIL):
        words = _DELIVERABILITY if account.deliverability_vocabulary else _SCHEMA
        keys["email"] = _first(email)
        keys["email_status"] = words[Grade(email.verdict)] if email.values and email.verdict else "N/A"
    if personal := values.get(Field.PERSONAL_EMAIL):
        keys["personal_email"] = _first(personal)
        keys["personal_email_status"] = (
            "valid" if personal.values else "invalid" if personal.rejected else "N/A"
        )
    if phone := values.get(Field.PHONE):
        keys["phones"] = phone.values
        keys["phone_status"] = "valid" if phone.values else "not_found"
    return keys


def _confidence(values: Mapping[str, ValueRecord]) -> float | None | UnsetType:
    """That of the work e-mail, where one was asked for."""
    email = values.get(Field.EMAIL)
    return email.confidence if email else UNSET


def _first(record: ValueRecord) -> str | None:
    return record.values[0] if record.values else None


def _stored_value(record: ValueRecord) -> StoredValue:
    return StoredValue(
        values=record.values,
        verdict=record.verdict,
        reason=record.reason,
        provider=record.provider,
        found_at=_iso(record.found_at) if record.found_at is not None else None,
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
