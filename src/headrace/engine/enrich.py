"""The use case: gates, hold, run, settle, save."""

import asyncio
from collections.abc import Callable
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
        self._late: set[asyncio.Task[None]] = set()
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
        """Wait up to `patience` seconds for late answers."""
        if self._late:
            await asyncio.wait(list(self._late), timeout=patience)

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
        except BaseException:
            await self._books.ledger.release(enrichment_id)
            raise
        return await self._settle(enrichment_id, request, account, run, began)

    async def _carry_out(self, run: Run) -> None:
        self._runs.add(run)
        try:
            await run.until_answered()
        finally:
            self._runs.discard(run)

    async def _settle(
        self, enrichment_id: str, request: EnrichmentRequest, account: Account, run: Run, began: float
    ) -> Enrichment:
        found = run.waterfall.results
        results = {wanted: found.get(wanted) or Result(wanted) for wanted in request.fields}
        duration = self._around.clock.monotonic() - began
        enrichment = Enrichment(
            id=enrichment_id,
            request=request,
            results=results,
            attempts=tuple(run.attempts),
            charged=self._books.prices.to_charge(results.values()),
            duration_ms=duration * 1000,
            waited_ms=run.stopwatch.seconds * 1000,
            sandbox=run.sandbox,
        )
        nobody_could_answer = _nobody_could_answer(results)
        webhook = None
        if request.webhook_url and not nobody_could_answer:
            webhook = self._render_webhook(enrichment, account)
        settlement = Settlement(enrichment, account.id, self._around.clock.wall(), webhook)
        enrichment.remaining = await self._books.ledger.settle(settlement)
        self._meter.enrichment(enrichment)
        self._collect_late_answers(enrichment_id, run)
        if nobody_could_answer:
            raise Problem("providers_failed", retry_after=5)
        return enrichment

    def _collect_late_answers(self, enrichment_id: str, run: Run) -> None:
        if not run.outstanding:
            return
        task = asyncio.create_task(self._record_late_answers(enrichment_id, run))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _record_late_answers(self, enrichment_id: str, run: Run) -> None:
        await run.until_silent()
        await self._books.enrichments.replace_attempts(enrichment_id, run.attempts)

    def _refuse_without_finders(self, fields: tuple[Field, ...]) -> None:
        if not any(self._plan.finders.get(wanted) for wanted in fields):
            raise Problem("no_providers", fields=" or ".join(fields))


def _looked_for(request: EnrichmentRequest, account: Account) -> Contact:
    """The contact; without phone countries of its own, with the account's."""
    if request.contact.phone_countries or not account.phone_countries:
        return request.contact
    return replace(request.contact, phone_countries=account.phone_countries)


def _nobody_could_answer(results: dict[Field, Result]) -> bool:
    """Nothing was found, nobody said "nothing", and at least one vendor failed."""
    lanes = results.values()
    return not any(lane.answered for lane in lanes) and any(lane.failed for lane in lanes)
