"""The use case: gates, hold, run, settle, save."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace

import structlog

from headrace.domain import gates
from headrace.domain.errors import Problem
from headrace.domain.model import Account, Contact, Enrichment, EnrichmentRequest, Field, Result
from headrace.domain.pricing import PriceBook
from headrace.domain.waterfall import Plan, Waterfall
from headrace.engine.ids import new_id
from headrace.engine.run import Run, Surroundings
from headrace.ports import Enrichments, Ledger, Meter, Settlement

log = structlog.get_logger()

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
"""Seconds between attempts to give a hold back."""

RenderWebhook = Callable[[Enrichment, Account], bytes]


@dataclass(frozen=True, slots=True)
class Books:
    """Where credits and records are kept, and what things cost."""

    ledger: Ledger
    enrichments: Enrichments
    prices: PriceBook


class Enricher:
    """Enriches one contact at a time, many at once."""

    def __init__(
        self,
        plan: Plan,
        surroundings: Surroundings,
        books: Books,
        meter: Meter,
        render_webhook: RenderWebhook,
    ) -> None:
        self._plan = plan
        self._around = surroundings
        self._books = books
        self._meter = meter
        self._render_webhook = render_webhook
        self._runs: set[Run] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._draining = False

    async def enrich(self, request: EnrichmentRequest, account: Account) -> Enrichment:
        """Find what `request` asks for, on the account's credits.

        Raises `Problem`: `bad_request`, `consent_missing`, `insufficient_credits`, `no_providers`,
        `providers_failed`, `storage_unavailable`, `shutting_down`. The server does not cancel this when a
        caller goes away: what was paid for is finished, settled and kept.
        """
        gates.check(request, account)
        fields = gates.runnable(request)
        self._refuse_without_finders(fields)
        if self._draining:
            raise Problem("shutting_down", retry_after=1)
        return await self._hold_run_settle(request, fields, account)

    def hurry(self, seconds: float) -> None:
        """The process is stopping: take on nothing new, end what is in flight within `seconds`."""
        self._draining = True
        for run in self._runs:
            run.hurry(seconds)

    async def finish(self, patience: float) -> None:
        """Wait up to `patience` seconds for late answers and for holds that are being given back."""
        if self._background:
            await asyncio.wait(list(self._background), timeout=patience)

    async def _hold_run_settle(
        self, request: EnrichmentRequest, fields: tuple[Field, ...], account: Account
    ) -> Enrichment:
        enrichment_id = new_id()
        began = self._around.clock.monotonic()
        await self._books.ledger.hold(enrichment_id, account.id, self._books.prices.to_hold(fields))
        try:
            waterfall = Waterfall(_looked_for(request, account), fields, self._plan, account.accept_risky)
            run = Run(waterfall, self._around)
            await self._carry_out(run)
            enrichment = self._concluded(enrichment_id, request, run, began)
            enrichment.remaining = await self._books.ledger.settle(self._settlement(enrichment, account))
        except BaseException:
            self._in_background(self._give_back(enrichment_id))
            raise
        self._meter.enrichment(enrichment)
        if run.outstanding:
            self._in_background(self._record_late_answers(enrichment_id, run))
        if _nobody_could_answer(enrichment):
            raise Problem("providers_failed", retry_after=5)
        return enrichment

    async def _carry_out(self, run: Run) -> None:
        self._runs.add(run)
        try:
            await run.until_answered()
        finally:
            self._runs.discard(run)

    def _concluded(
        self, enrichment_id: str, request: EnrichmentRequest, run: Run, began: float
    ) -> Enrichment:
        found = run.waterfall.results
        results = {wanted: found.get(wanted) or Result(wanted) for wanted in request.fields}
        return Enrichment(
            id=enrichment_id,
            request=request,
            results=results,
            attempts=tuple(run.attempts),
            charged=self._books.prices.to_charge(results.values()),
            duration_ms=(self._around.clock.monotonic() - began) * 1000,
            waited_ms=run.stopwatch.seconds * 1000,
            sandbox=run.sandbox,
        )

    def _settlement(self, enrichment: Enrichment, account: Account) -> Settlement:
        wanted = enrichment.request.webhook_url and not _nobody_could_answer(enrichment)
        webhook = self._render_webhook(enrichment, account) if wanted else None
        return Settlement(enrichment, account.id, self._around.clock.wall(), webhook)

    async def _record_late_answers(self, enrichment_id: str, run: Run) -> None:
        await run.until_silent()
        await self._books.enrichments.replace_attempts(enrichment_id, run.attempts)

    async def _give_back(self, enrichment_id: str) -> None:
        """Release a hold whose enrichment came to nothing, as soon as the database can."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._books.ledger.release(enrichment_id)
            except LookupError:
                return  # it was settled after all
            except Problem:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _refuse_without_finders(self, fields: tuple[Field, ...]) -> None:
        if not any(self._plan.finders.get(wanted) for wanted in fields):
            raise Problem("no_providers", fields=" or ".join(fields))


def _looked_for(request: EnrichmentRequest, account: Account) -> Contact:
    """The contact; without phone countries of its own, with the account's."""
    if request.contact.phone_countries or not account.phone_countries:
        return request.contact
    return replace(request.contact, phone_countries=account.phone_countries)


def _nobody_could_answer(enrichment: Enrichment) -> bool:
    """Nothing was found, nobody said "nothing", and at least one vendor failed."""
    lanes = enrichment.results.values()
    return not any(lane.answered for lane in lanes) and any(lane.failed for lane in lanes)
