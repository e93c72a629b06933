"""The job that delivers webhooks: one attempt for each delivery of a batch, all side by side."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import structlog

from headrace.domain import webhooks
from headrace.domain.errors import Problem
from headrace.domain.failures import Refused
from headrace.domain.webhooks import Effect
from headrace.jobs.batch import Batch
from headrace.jobs.places import Busy, Places
from headrace.jobs.signing import new_secret, sign
from headrace.ports import Attempted, Blocked, Clock, Delivery, Receiver, Webhooks

AT_ONCE = 1_000
"""Most deliveries under way in one process; receivers that hang hold a place for their whole time-out."""

PER_HOST = 10
"""Most to one host; the transport has as many connections to it."""

PATIENCE = 15.0
"""Seconds for which a delivery waits while its host is busy with others."""

PUT_OFF = 30.0
"""Seconds after which one that waited in vain is due again; nobody was asked, so it is no attempt."""

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
        self._places = Places(AT_ONCE, PER_HOST, PATIENCE)
        self._stopping = False

    def stop(self) -> None:
        """Begin no attempt any more; what is under way ends as usual, and the rest is for others."""
        self._stopping = True

    async def __call__(self, batch: str) -> None:
        """Attempt what is left of `batch`. Raises `Problem(storage_unavailable)`, but only once every attempt
        has ended; one whose outcome could not be written down is made again."""
        if not self._stopping:
            await self._attempt_all(batch)
        if self._stopping:
            await self._webhooks.put_back(batch)

    async def _attempt_all(self, batch: str) -> None:
        owed = Batch(batch, self._webhooks, self._is_suppressed)
        async with asyncio.TaskGroup() as group:
            attempts = [
                group.create_task(self._attempt(batch, delivery, owed))
                for delivery in await owed.deliveries()
            ]
        for problem in filter(None, [attempt.result() for attempt in attempts]):
            raise problem

    async def aclose(self) -> None:
        if self._receiver:
            await self._receiver.aclose()

    def _opened(self) -> Receiver:
        """Made for the first delivery: a server that delivers nothing does without an HTTP client more."""
        if self._receiver is None:
            self._receiver = self._open_receiver()
        return self._receiver

    async def _attempt(self, batch: str, delivery: Delivery, owed: Batch) -> Problem | None:
        """What goes wrong is returned: raised, it would break the attempts beside it off."""
        try:
            outcome = await self._outcome(delivery, owed)
            if outcome:
                await self._webhooks.attempted(batch, outcome)
        except Problem as problem:
            return problem
        return None

    async def _outcome(self, delivery: Delivery, owed: Batch) -> Attempted | None:
        try:
            async with self._places.place(delivery.url or ""):
                if self._stopping:
                    return None
                current = await owed.current(delivery.id)
                return await self._tried(current) if current else None
        except Busy:
            later = self._clock.wall() + PUT_OFF * (1 + random.random())  # noqa: S311
            return Attempted(delivery.id, "pending", counted=False, next_at=later, error="host_busy")
        except Problem:
            raise
        except Exception as bug:
            log.error("webhook_stumbled", delivery=delivery.id, error=type(bug).__name__)
            return self._unasked(delivery, "internal_error")

    async def _tried(self, delivery: Delivery) -> Attempted:
        if delivery.unreadable:  # the key may be put back before the schedule ends
            log.error("webhook_unreadable", account=delivery.account_id, delivery=delivery.id)
            return self._unasked(delivery, "unreadable")
        if delivery.url is None:
            return Attempted(delivery.id, "suppressed", counted=False)
        if delivery.disabled:
            return Attempted(delivery.id, "disabled", counted=False, error="endpoint_disabled")
        return await self._posted(delivery, delivery.url)

    async def _posted(self, delivery: Delivery, url: str) -> Attempted:
        secrets = delivery.secrets or await self._first_secret(delivery.account_id)
        headers = sign(secrets, delivery.id, int(self._clock.wall()), delivery.body)
        try:
            answer = await self._opened().post(url, headers, delivery.body)
        except Blocked as blocked:
            # No later attempt would be let through either.
            return Attempted(delivery.id, "failed", error=f"blocked: {blocked.reason}", asked=False)
        except Refused as refused:
            return self._concluded(delivery, None, None, refused.failure.value)
        return self._concluded(delivery, answer.status, answer.retry_after, None)

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
        given_up = webhooks.should_disable(delivery.failing_since, delivery.failed_at, now)
        if effect is Effect.DISABLE or given_up:
            log.warning("webhook_disabled", account=delivery.account_id, delivery=delivery.id, status=status)
            return Attempted(delivery.id, "disabled", status=status, error=error, disable=True)
        next_at = self._next(delivery, webhooks.retry_after_seconds(retry_after, now))
        state = "failed" if next_at is None else "pending"
        return Attempted(delivery.id, state, next_at=next_at, status=status, error=error)

    def _unasked(self, delivery: Delivery, error: str) -> Attempted:
        """A try that failed by us: it takes its place in the schedule, and says nothing of the receiver."""
        next_at = self._next(delivery, None)
        state = "failed" if next_at is None else "pending"
        return Attempted(delivery.id, state, next_at=next_at, error=error, asked=False)

    def _next(self, delivery: Delivery, wait: float | None) -> float | None:
        now, made = self._clock.wall(), delivery.attempts + 1
        return webhooks.next_attempt(self._schedule, made, random.random(), wait, now)  # noqa: S311
