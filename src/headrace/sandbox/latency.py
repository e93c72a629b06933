"""How long vendors take: a log-normal wait of each one's own, far longer for a few calls, or a fixed one."""

import math
import random

from headrace.sandbox.vendor import Vendor

LONGEST = 8.0
"""Seconds that an ordinary call takes at most."""

RARE = 0.01
"""The share of calls that take longer, of a vendor whose page says that some do."""

_P95 = 1.6449  # standard deviations from the median to the 95th percentile


class Latency:
    """Draws waits in seconds."""

    def __init__(self, seed: int, scale: float) -> None:
        self._scale = scale
        self._rng = random.Random(f"headrace-latency-{seed}")
        self._fixed: dict[str, float] = {}

    def fix(self, vendor: str, milliseconds: float | None) -> None:
        """Give a vendor a fixed latency, or with None its natural one again."""
        if milliseconds is None:
            self._fixed.pop(vendor, None)
        else:
            self._fixed[vendor] = milliseconds / 1000

    def reset(self) -> None:
        """Every vendor's natural latency again."""
        self._fixed.clear()

    def draw(self, vendor: Vendor, kinds: tuple[str, ...]) -> float:
        """How long this call takes."""
        if vendor.name in self._fixed:
            return self._fixed[vendor.name]
        if self._scale <= 0:
            return 0.0
        kind = kinds[0] if kinds else ""
        if (longest := vendor.longest.get(kind)) and self._rng.random() < RARE:
            return self._rng.uniform(LONGEST, longest) * self._scale
        median, late = vendor.paces.get(kind, vendor.pace)
        spread = math.log(late / median) / _P95
        return min(LONGEST, self._rng.lognormvariate(math.log(median), spread) * self._scale)
