"""How often an account may ask."""

import math

from msgspec import Struct

from headrace.domain.errors import Problem
from headrace.ports import Admission, Rates


class Standing(Struct, frozen=True):
    """Where an account stands with its limit; `reset` is in whole seconds."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class AccountLimits:
    """At most `per_second` requests of one account in any second, whichever of its keys they use."""

    def __init__(self, per_second: int, rates: Rates) -> None:
        self._per_second = per_second
        self._rates = rates

    async def admit(self, account_id: str) -> Standing:
        """Count one request. Raises `Problem(rate_limited)`."""
        admission = await self._rates.admit(f"account:{account_id}", self._per_second, 1.0)
        if admission.wait:
            seconds = max(1, math.ceil(admission.wait))
            raise Problem("rate_limited", retry_after=seconds, seconds=seconds)
        return self._standing(admission)

    async def look(self, account_id: str) -> Standing:
        """Where it stands when a request does not count, as its answer is only repeated."""
        return self._standing(await self._rates.look(f"account:{account_id}", self._per_second, 1.0))

    def _standing(self, admission: Admission) -> Standing:
        return Standing(self._per_second, admission.remaining, math.ceil(admission.reset_after))

    def exhausted(self) -> Standing:
        """What a refused request is told."""
        return Standing(self._per_second, 0, 1)
