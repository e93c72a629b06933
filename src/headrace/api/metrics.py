"""Counters for Prometheus. Labels name vendors, fields and reasons, never people."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from headrace.domain.model import Attempt, Enrichment

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 55)
_OVERHEAD = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1)


class PrometheusMeter:
    """`ports.Meter`, on a registry of its own."""

    def __init__(self) -> None:
        # Else each would have a second series, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._children: dict[tuple[Counter, tuple[str, ...]], Counter] = {}
        self._enrichments = Counter(
            "headrace_enrichments", "Finished enrichments", ["status"], registry=self.registry
        )
        self._found = Counter(
            "headrace_fields", "Fields looked for", ["field", "result"], registry=self.registry
        )
        self._attempts = Counter(
            "headrace_attempts",
            "Questions to providers",
            ["provider", "field", "kind", "outcome"],
            registry=self.registry,
        )
        self._failures = Counter(
            "headrace_provider_failures", "Failed questions", ["provider", "reason"], registry=self.registry
        )
        self._saved = Counter(
            "headrace_saved_calls",
            "Questions that were answered without a call of their own",
            ["provider", "how"],
            registry=self.registry,
        )
        self._vendor_cost = Counter(
            "headrace_vendor_credits", "Spent, in the vendor's credits", ["provider"], registry=self.registry
        )
        self._credits = Counter("headrace_credits_charged", "Charged to accounts", registry=self.registry)
        self._duration = Histogram(
            "headrace_enrichment_seconds", "Whole enrichment", buckets=_SECONDS, registry=self.registry
        )
        self._overhead = Histogram(
            "headrace_overhead_seconds",
            "Enrichment time not spent waiting for vendors",
            buckets=_OVERHEAD,
            registry=self.registry,
        )

    def enrichment(self, enrichment: Enrichment) -> None:
        found = [result.found for result in enrichment.results.values()]
        self._count(self._enrichments, "success" if any(found) else "error")
        for wanted, result in enrichment.results.items():
            self._count(self._found, wanted, "found" if result.found else "not_found")
        for attempt in enrichment.attempts:
            self._attempt(attempt)
        self._credits.inc(enrichment.charged / 1000)
        self._duration.observe(enrichment.duration_ms / 1000)
        self._overhead.observe(max(0.0, enrichment.duration_ms - enrichment.waited_ms) / 1000)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)

    def _attempt(self, attempt: Attempt) -> None:
        if attempt.timing.shared or attempt.timing.reused:
            self._count(self._saved, attempt.provider, "shared" if attempt.timing.shared else "reused")
            return
        self._count(self._attempts, attempt.provider, attempt.field, attempt.kind, attempt.outcome)
        if attempt.outcome == "failed":
            self._count(self._failures, attempt.provider, attempt.reason or "")
        if attempt.vendor_cost:
            self._count(self._vendor_cost, attempt.provider, amount=attempt.vendor_cost)

    def _count(self, counter: Counter, *labels: str, amount: float = 1) -> None:
        """Add to a labelled counter; looking the child up anew each time would cost more than adding."""
        child = self._children.get((counter, labels))
        if child is None:
            child = self._children[counter, labels] = counter.labels(*labels)
        child.inc(amount)
