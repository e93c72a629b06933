"""Counters for Prometheus. Labels name vendors, fields and reasons, never people."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from headrace.domain.model import Attempt, Enrichment

_COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "headrace_enrichments": ("Finished enrichments", ("status",)),
    "headrace_fields": ("Fields looked for", ("field", "result")),
    "headrace_attempts": ("Questions to providers", ("provider", "field", "kind", "outcome")),
    "headrace_provider_failures": ("Failed questions", ("provider", "reason")),
    "headrace_saved_calls": (
        "Questions that were answered without a call of their own",
        ("provider", "how"),
    ),
    "headrace_vendor_credits": ("Spent, in the vendor's credits", ("provider",)),
    "headrace_credits_charged": ("Charged to accounts", ()),
}
"""What each counts, and by what."""

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 55.0)
_OVERHEAD = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1)


class PrometheusMeter(Collector):
    """`ports.Meter`. Counts in plain dictionaries, and puts them in Prometheus' words when it is asked: an
    enrichment counts a dozen things, and somebody asks every few seconds."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(self)
        # By the counter's name and the values of its labels.
        self._counts: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self._counts["headrace_credits_charged",] = 0.0
        self._duration = _Histogram("headrace_enrichment_seconds", "Whole enrichment", _SECONDS)
        self._overhead = _Histogram(
            "headrace_overhead_seconds", "Enrichment time not spent waiting for vendors", _OVERHEAD
        )

    def enrichment(self, enrichment: Enrichment, attempts: Iterable[Attempt]) -> None:
        counts, success = self._counts, False
        for wanted, result in enrichment.results.items():
            success = success or result.found
            counts["headrace_fields", wanted, "found" if result.found else "not_found"] += 1
        counts["headrace_enrichments", "success" if success else "error"] += 1
        self.attempts(attempts)
        counts["headrace_credits_charged",] += enrichment.charged / 1000
        self._duration.observe(enrichment.duration_ms / 1000)
        self._overhead.observe(max(0.0, enrichment.duration_ms - enrichment.waited_ms) / 1000)

    def attempts(self, attempts: Iterable[Attempt]) -> None:
        for attempt in attempts:
            self._attempt(attempt)

    def spent(self, provider: str, credits: float) -> None:
        if credits > 0:
            self._counts["headrace_vendor_credits", provider] += credits

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Called by the registry; perhaps in another thread than what counts."""
        counts = list(self._counts.items())
        for name, (what, labels) in _COUNTERS.items():
            family = CounterMetricFamily(name, what, labels=labels)
            for (of, *values), count in counts:
                if of == name:
                    family.add_metric(values, count)
            yield family
        yield self._duration.family()
        yield self._overhead.family()

    def _attempt(self, attempt: Attempt) -> None:
        counts, provider, timing = self._counts, attempt.provider, attempt.timing
        if timing.shared or timing.reused:
            counts["headrace_saved_calls", provider, "shared" if timing.shared else "reused"] += 1
            return
        counts["headrace_attempts", provider, attempt.field, attempt.kind, attempt.outcome] += 1
        if attempt.outcome == "failed":
            counts["headrace_provider_failures", provider, attempt.reason or ""] += 1
        if attempt.vendor_cost:
            counts["headrace_vendor_credits", provider] += attempt.vendor_cost


class _Histogram:
    """How many were at most so much. `bounds`: in seconds, ascending."""

    def __init__(self, name: str, what: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._what = what
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def family(self) -> Metric:
        bounds = [*map(str, self._bounds), "+Inf"]
        buckets = zip(bounds, map(float, accumulate(self._counts)), strict=True)
        family = HistogramMetricFamily(self._name, self._what)
        family.add_metric([], list(buckets), self._sum)
        return family
