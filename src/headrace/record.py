"""An enrichment as it is kept and as its owner may see it: values with their provenance, and the trace."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from headrace.domain.model import Attempt, Contact, Enrichment, EnrichmentRequest, Field, Result


class AttemptRecord(Struct, frozen=True):
    """One question to one provider. Times are milliseconds since the enrichment began; `vendor_cost` is in
    the vendor's own credits; `values` are what it returned, in our spelling. `shared`: the answer came of an
    equal question that was out already; `reused`: it was remembered. Each stands there only where it is true.
    """

    field: str
    provider: str
    kind: str
    outcome: str
    reason: str | None
    verdict: str | None
    started_ms: float
    duration_ms: float
    http_status: int | None
    vendor_cost: float
    accepted: bool
    values: tuple[str, ...] = ()
    shared: bool | UnsetType = UNSET
    reused: bool | UnsetType = UNSET


class ValueRecord(Struct, frozen=True):
    """What one field ended with, and where it came from. `found_at`: when the vendor gave it, in seconds
    since 1970. `confidence`: how probably the address exists."""

    values: tuple[str, ...]
    verdict: str | None
    reason: str | None
    provider: str | None
    found_at: float | None
    rejected: bool = False
    confidence: float | None = None


class RequestRecord(Struct, frozen=True, omit_defaults=True):
    """Whom the enrichment is about, and what was asked. `fields`: what to look for."""

    first_name: str | None
    last_name: str | None
    company_name: str | None
    domain: str | None
    linkedin_url: str | None
    fields: tuple[str, ...]
    phone_countries: tuple[str, ...] = ()
    webhook_url: str | None = None


class EnrichmentRecord(Struct, omit_defaults=True):
    """All that is kept about one enrichment, sealed as one piece. `results` and `attempts` come with its end;
    `custom` is the client's own JSON text."""

    request: RequestRecord
    results: dict[str, ValueRecord] = {}
    attempts: list[AttemptRecord] = []
    custom: Raw | UnsetType = UNSET


def record_of(enrichment: Enrichment, finished_at: float) -> EnrichmentRecord:
    """A finished enrichment in its lasting form."""
    return EnrichmentRecord(
        request_record(enrichment.request),
        value_records(enrichment.results, finished_at, enrichment.attempts),
        attempt_records(enrichment.attempts),
        custom_of(enrichment.request),
    )


def queued_record(request: EnrichmentRequest) -> EnrichmentRecord:
    """A request that is carried out later."""
    return EnrichmentRecord(request_record(request), custom=custom_of(request))


def request_record(request: EnrichmentRequest) -> RequestRecord:
    """A request in its lasting form, without the client's own object."""
    contact = request.contact
    return RequestRecord(
        contact.first_name,
        contact.last_name,
        contact.company_name,
        contact.domain,
        contact.linkedin_url,
        request.fields,
        contact.phone_countries,
        request.webhook_url,
    )


def request_of(record: EnrichmentRecord) -> EnrichmentRequest:
    """The request again, from its lasting form."""
    kept = record.request
    contact = Contact(
        kept.first_name,
        kept.last_name,
        kept.company_name,
        kept.domain,
        kept.linkedin_url,
        kept.phone_countries,
    )
    custom = None if record.custom is UNSET else bytes(record.custom)
    return EnrichmentRequest(contact, tuple(map(Field, kept.fields)), kept.webhook_url, custom)


def custom_of(request: EnrichmentRequest) -> Raw | UnsetType:
    """The client's own object, untouched."""
    return Raw(request.custom) if request.custom else UNSET


def attempt_records(attempts: Iterable[Attempt]) -> list[AttemptRecord]:
    """The trace in its lasting form."""
    return [_attempt_record(attempt) for attempt in attempts]


def value_records(
    results: Mapping[Field, Result], ended_at: float, attempts: Sequence[Attempt] = ()
) -> dict[str, ValueRecord]:
    """The outcome of each lane in its lasting form. `ended_at`: when the search did, which was when the last
    of the `attempts` did."""
    began_at = ended_at - max(map(_end, attempts), default=0.0)
    return {
        wanted: _value_record(result, _given_at(result, began_at, ended_at, attempts))
        for wanted, result in results.items()
    }


encode = msgspec.json.Encoder().encode
decode_record = msgspec.json.Decoder(EnrichmentRecord).decode


def _given_at(result: Result, began_at: float, ended_at: float, attempts: Sequence[Attempt]) -> float | None:
    """When the vendor gave the value."""
    if not result.found or result.obtained_at is not None:
        return result.obtained_at
    for attempt in attempts:  # not the accepted one, which may be a verifier's, and later
        found = attempt.kind == "find" and attempt.outcome == "found"
        if found and attempt.field is result.field and attempt.provider == result.provider:
            return began_at + _end(attempt)
    return ended_at


def _end(attempt: Attempt) -> float:
    """Seconds from when the enrichment began."""
    return (attempt.timing.started_ms + attempt.timing.duration_ms) / 1000


def _value_record(result: Result, found_at: float | None) -> ValueRecord:
    return ValueRecord(
        values=result.values,
        verdict=result.verdict.grade if result.verdict else None,
        reason=result.verdict.reason if result.verdict else None,
        provider=result.provider,
        found_at=found_at if result.found else None,
        rejected=result.rejected,
        confidence=result.confidence,
    )


def _attempt_record(attempt: Attempt) -> AttemptRecord:
    timing = attempt.timing
    return AttemptRecord(
        attempt.field,
        attempt.provider,
        attempt.kind,
        attempt.outcome,
        attempt.reason,
        attempt.verdict,
        round(timing.started_ms, 1),
        round(timing.duration_ms, 1),
        timing.http_status,
        attempt.vendor_cost,
        attempt.accepted,
        attempt.values,
        timing.shared or UNSET,
        timing.reused or UNSET,
    )
