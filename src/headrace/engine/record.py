"""An enrichment as it is kept and as its owner may see it: values with their provenance, and the trace."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from headrace.domain.model import Attempt, Field, Result


class AttemptRecord(Struct, frozen=True):
    """One question to one provider. Times are milliseconds since the enrichment began; `vendor_cost` is in
    the vendor's own credits; `values` are what it returned, in our spelling."""

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


class ValueRecord(Struct, frozen=True):
    """What one field ended with, and where it came from. `found_at` is in seconds since 1970."""

    values: tuple[str, ...]
    verdict: str | None
    reason: str | None
    provider: str | None
    found_at: float | None
    rejected: bool = False


class RequestRecord(Struct, frozen=True):
    """Whom the enrichment was about."""

    first_name: str | None
    last_name: str | None
    company_name: str | None
    domain: str | None
    linkedin_url: str | None
    fields: tuple[str, ...]


def attempt_records(attempts: Iterable[Attempt]) -> list[AttemptRecord]:
    """The trace in its lasting form."""
    return [_attempt_record(attempt) for attempt in attempts]


def value_records(results: Mapping[Field, Result], found_at: float) -> dict[str, ValueRecord]:
    """The outcome of each lane in its lasting form."""
    return {
        wanted.value: ValueRecord(
            values=result.values,
            verdict=result.verdict.grade.value if result.verdict else None,
            reason=result.verdict.reason if result.verdict else None,
            provider=result.provider,
            found_at=found_at if result.found else None,
            rejected=result.rejected,
        )
        for wanted, result in results.items()
    }


encode = msgspec.json.Encoder().encode
decode_attempts = msgspec.json.Decoder(list[AttemptRecord]).decode
decode_values = msgspec.json.Decoder(dict[str, ValueRecord]).decode
decode_request = msgspec.json.Decoder(RequestRecord).decode


def _attempt_record(attempt: Attempt) -> AttemptRecord:
    timing = attempt.timing
    return AttemptRecord(
        field=attempt.field.value,
        provider=attempt.provider,
        kind=attempt.kind,
        outcome=attempt.outcome,
        reason=attempt.reason,
        verdict=attempt.verdict,
        started_ms=round(timing.started_ms, 1),
        duration_ms=round(timing.duration_ms, 1),
        http_status=timing.http_status,
        vendor_cost=attempt.vendor_cost,
        accepted=attempt.accepted,
        values=attempt.values,
    )
