"""What is counted reads as if the library had counted it."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from headrace.api.metrics import PrometheusMeter
from headrace.domain.model import (
    Attempt,
    AttemptOutcome,
    Contact,
    Enrichment,
    EnrichmentRequest,
    Field,
    Result,
    Timing,
)

MILLISECONDS = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, 50.0, 99.999, 100.0, 55_000.0, 55_000.1]), st.floats(0.0, 120_000.0)
)


def enrichment(duration_ms: float, waited_ms: float, *attempts: Attempt, found: bool = True) -> Enrichment:
    request = EnrichmentRequest(Contact("Ada", "Lovelace"), (Field.EMAIL,))
    result = Result(Field.EMAIL, ("ada@acme.example",) if found else ())
    return Enrichment("id", request, {Field.EMAIL: result}, attempts, 3_000, duration_ms, waited_ms)


def series(text: bytes, *names: str) -> list[str]:
    """The lines about these, but for when they were made."""
    lines = text.decode().splitlines()
    return [line for line in lines if line.startswith(names) and "_created" not in line]


@given(st.lists(st.tuples(MILLISECONDS, MILLISECONDS), max_size=30))
def test_times_are_told_as_the_library_tells_them(times: list[tuple[float, float]]) -> None:
    meter, theirs = PrometheusMeter(), CollectorRegistry()
    whole = Histogram(
        "headrace_enrichment_seconds",
        "Whole enrichment",
        buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 55),
        registry=theirs,
    )
    overhead = Histogram(
        "headrace_overhead_seconds",
        "Enrichment time not spent waiting for vendors",
        buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1),
        registry=theirs,
    )
    for duration, waited in times:
        meter.enrichment(enrichment(duration, waited), ())
        whole.observe(duration / 1000)
        overhead.observe(max(0.0, duration - waited) / 1000)

    names = ("headrace_enrichment_seconds", "headrace_overhead_seconds")
    assert series(meter.render(), *names) == series(generate_latest(theirs), *names)


def test_attempts_are_told_as_the_library_tells_them() -> None:
    meter, theirs = PrometheusMeter(), CollectorRegistry()
    attempts = Counter("headrace_attempts", "_", ["provider", "field", "kind", "outcome"], registry=theirs)
    failures = Counter("headrace_provider_failures", "_", ["provider", "reason"], registry=theirs)
    saved = Counter("headrace_saved_calls", "_", ["provider", "how"], registry=theirs)
    spent = Counter("headrace_vendor_credits", "_", ["provider"], registry=theirs)

    def attempt(
        outcome: AttemptOutcome, timing: Timing, cost: float = 0.0, reason: str | None = None
    ) -> Attempt:
        return Attempt(Field.EMAIL, "hunter", "find", outcome, reason, None, timing, cost)

    lines = (
        attempt("found", Timing(0.0), 1.5),
        attempt("missing", Timing(0.0)),
        attempt("failed", Timing(0.0), reason='time"out'),
        attempt("found", Timing(0.0, shared=True)),
        attempt("found", Timing(0.0, obtained_at=1.0)),
    )
    for _ in range(2):
        meter.enrichment(enrichment(1.0, 1.0, *lines), lines)
        for outcome in ("found", "missing", "failed"):
            attempts.labels("hunter", Field.EMAIL, "find", outcome).inc()
        failures.labels("hunter", 'time"out').inc()
        saved.labels("hunter", "shared").inc()
        saved.labels("hunter", "reused").inc()
        spent.labels("hunter").inc(1.5)

    names = (
        "headrace_attempts",
        "headrace_provider_failures",
        "headrace_saved_calls",
        "headrace_vendor_credits",
    )
    assert series(meter.render(), *names) == series(generate_latest(theirs), *names)
    assert series(meter.render(), "headrace_credits", "headrace_fields", "headrace_enrichments") == [
        'headrace_enrichments_total{status="success"} 2.0',
        'headrace_fields_total{field="email",result="found"} 2.0',
        "headrace_credits_charged_total 6.0",
    ]
