"""The job that delivers webhooks: one attempt for each delivery of a batch, all side by side."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog

from headrace.domain import webhooks
from headrace.domain.failures import Refused
from headrace.domain.webhooks import Effect
from headrace.jobs.signing import new_secret, sign
from headrace.ports import Attempted, Blocked, Clock, Delivery, Receiver, Webhooks

AT_ONCE = 1_000
"""Most deliveries under way in one process; receivers that hang hold a place for their whole time-out."""

log = structlog.get_logger()


class Deliver:
    """Attempts deliveries and writes down what became of them."""

    def __init__(
        self,
        webhooks: Webhooks,
        open_receiver: Callable[[], Receiver],
        is_suppressed: Callable[[str], Awaitable[bool]],
        schedule: Sequence[float],
        clock: Clock,
    ) -> None:
        self._webhooks = webhooks
        self._open_receiver = open_receiver
        self._receiver: Receiver | None = None
        self._is_suppressed = is_suppressed
        self._schedule = schedule
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, batch: str) -> None:
        """Attempt what is left of `batch`."""
        async with asyncio.TaskGroup() as attempts:
            for delivery in await self._webhooks.batch(batch):
                attempts.create_task(self._attempt(batch, delivery))

    async def aclose(self) -> None:
        if self._receiver:
            await self._receiver.aclose()

    def _opened(self) -> Receiver:
        """Made for the first delivery: a server that delivers nothing does without an HTTP client more."""
        if self._receiver is None:
            self._receiver = self._open_receiver()
        return self._receiver

    async def _attempt(self, batch: str, delivery: Delivery) -> None:
        async with self._places:
            outcome = await self._outcome(delivery)
        await self._webhooks.attempted(batch, outcome)

    async def _outcome(self, delivery: Delivery) -> Attempted:
        if delivery.url is None or await self._is_suppressed(delivery.enrichment_id):
            return Attempted(delivery.id, "suppressed", counted=False)
        if delivery.disabled:
            return Attempted(delivery.id, "disabled", counted=False, error="endpoint_disabled")
        secrets = delivery.secrets or await self._first_secret(delivery.account_id)
        headers = sign(secrets, delivery.id, int(self._clock.wall()), delivery.body)
        status, retry_after, error = None, None, None
        try:
            answer = await self._opened().post(delivery.url, headers, delivery.body)
            status, retry_after = answer.status, answer.retry_after
        except Blocked as blocked:
            # No later attempt would be let through either.
            return Attempted(delivery.id, "failed", error=f"blocked: {blocked.reason}")
        except Refused as refused:
            error = refused.failure.value
        return self._concluded(delivery, status, retry_after, error)

    async def _first_secret(self, account_id: str) -> Sequence[str]:
        """Every delivery is signed: an account that never asked for its secret can still do so."""
        await self._webhooks.first_secret(account_id, new_secret())
        return await self._webhooks.signing_secrets(account_id)

    def _concluded(
        self, delivery: Delivery, status: int | None, retry_after: str | None, error: str | None
    ) -> Attempted:
        now = self._clock.wall()
        effect = webhooks.classify(status)
        if effect is Effect.DELIVERED:
            return Attempted(delivery.id, "delivered", status=status)
        if effect is Effect.DISABLE or webhooks.should_disable(delivery.failing_since, now):
            log.warning("webhook_disabled", account=delivery.account_id, delivery=delivery.id, status=status)
            return Attempted(delivery.id, "disabled", status=status, error=error, disable=True)
        wait = webhooks.retry_after_seconds(retry_after, now)
        next_at = webhooks.next_attempt(self._schedule, delivery.attempts + 1, random.random(), wait, now)  # noqa: S311
        state = "failed" if next_at is None else "pending"
        return Attempted(delivery.id, state, next_at=next_at, status=status, error=error)
