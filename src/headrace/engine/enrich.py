"""The use case: gates, hold, run, settle, save."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress

import structlog
from msgspec import Struct
from msgspec.structs import replace

from headrace.domain import gates
from headrace.domain.errors import Problem
from headrace.domain.model import Account, Attempt, Contact, Enrichment, EnrichmentRequest, Field, Result
from headrace.domain.plan import Plan
from headrace.domain.pricing import PriceBook
from headrace.domain.waterfall import Waterfall
from headrace.engine.heard import Heard
from headrace.engine.ids import new_id
from headrace.engine.memory import Ages
from headrace.engine.own.confidence import Confidence
from headrace.engine.own.learn import Learner
from headrace.engine.put_off import LONG_ENOUGH, UNSERVED, PutOff, pause
from headrace.engine.run import Run, Surroundings
from headrace.engine.subjects import Subject
from headrace.ports import Claim, Enrichments, Ledger, Meter, Queued, Reply, Settlement

log = structlog.get_logger()

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0
"""Seconds between attempts to give a hold back."""

_SETTLE_FOR = 15.0
"""Seconds for which a settlement is tried again while the database is away: the vendors have been paid."""

_SETTLE_PAUSE = 0.25

_FAILURE_KEPT = 5
"""Seconds for which the failure of all vendors, or a miss that a stop made, answers an `Idempotency-Key`;
then it may run again."""

LATE_ANSWERS = 2.0
"""Seconds that a stopping process waits for answers that come after their deadline."""

RenderWebhook = Callable[[Enrichment, Account, Queued | None], bytes]


class Books(Struct, frozen=True):
    """Where credits and records are kept, and what things cost."""

    ledger: Ledger
    enrichments: Enrichments
    prices: PriceBook


class Once(Struct, frozen=True):
    """An `Idempotency-Key`'s claim on a request, and how the answer to it is written."""

    claim: Claim
    write: Callable[[Enrichment], bytes]


class Enricher:
    """Enriches one contact at a time, many at once."""

    def __init__(
        self,
        plan: Plan,
        surroundings: Surroundings,
        books: Books,
        meter: Meter,
        render_webhook: RenderWebhook,
        learner: Learner,
        confidence: Confidence,
    ) -> None:
        self._plan = plan
        self._around = surroundings
        self._books = books
        self._meter = meter
        self._render_webhook = render_webhook
        self._learner = learner
        self._confidence = confidence
        self._runs: dict[Run, float] = {}  # with the seconds that each has longer in a stop
        self._background: set[asyncio.Task[None]] = set()
        self._lacking: set[tuple[Field, ...]] = set()  # what was said to be without a provider
        self._draining = False
        self._ends_by = 0.0

    async def enrich(
        self,
        request: EnrichmentRequest,
        account: Account,
        once: Once | None = None,
        since: float | None = None,
    ) -> Enrichment:
        """Find what `request` asks for, on the account's credits. `since`: when it came, by the clock.

        Raises `Problem`: `bad_request`, `consent_missing`, `insufficient_credits`, `no_providers`,
        `providers_failed`, `storage_unavailable`, `shutting_down`, `idempotency_key_in_use`. The server does
        not cancel this when a caller goes away: what was paid for is finished, settled and kept.
        """
        began = self._around.clock.monotonic() if since is None else since
        self.check(request, account)
        enrichment_id = new_id()
        try:
            price = self.price(request)
            await self._books.ledger.hold(enrichment_id, account.id, price, once.claim if once else None)
        except BaseException as error:
            if not isinstance(error, Problem) or error.code == "storage_unavailable":
                self._in_background(self._give_back(enrichment_id))  # it may have been made all the same
            raise
        enrichment = await self._run_and_settle(enrichment_id, request, account, began, once=once)
        if _nobody_could_answer(enrichment):
            raise Problem("providers_failed", retry_after=_FAILURE_KEPT)
        return enrichment

    async def carry_out(self, queued: Queued, account: Account) -> Enrichment:
        """Enrich what was taken from the queue; its hold was made when it was queued.

        Raises `PutOff` when nobody could answer, and `Problem(storage_unavailable)`; then it is still the
        caller's, to be put back.
        """
        self._leave_to_others(queued, account)
        began = self._around.clock.monotonic()
        return await self._run_and_settle(queued.id, queued.request, account, began, queued=queued)

    async def give_up(self, queued: Queued, account: Account) -> None:
        """End what was taken from the queue with nothing found and nothing charged.

        Raises `Problem(storage_unavailable)`; then it is still the caller's, to be put back.
        """
        nothing = Enrichment(
            id=queued.id,
            request=queued.request,
            results={wanted: Result(wanted) for wanted in queued.request.fields},
            attempts=(),
            charged=0,
        )
        known = Subject(queued.request.contact).of_request
        await self._settle(self._settlement(nothing, account, known, None, queued))

    def check(self, request: EnrichmentRequest, account: Account, *, later: bool = False) -> None:
        """Raises what `enrich` would raise before anything is held. `later`: it is for the queue."""
        gates.check(request, account, later=later)
        fields = gates.runnable(request)
        if not self._serves(fields):
            raise Problem("no_providers", fields=" or ".join(fields))
        if self._draining:
            raise Problem("shutting_down", retry_after=1)

    @property
    def finds(self) -> tuple[Field, ...]:
        """What there is somebody to ask for."""
        return tuple(wanted for wanted in Field if self._plan.finders.get(wanted))

    def price(self, request: EnrichmentRequest) -> int:
        """The most that the request can cost."""
        return self._books.prices.to_hold(gates.runnable(request))

    async def queue(
        self,
        requests: Sequence[EnrichmentRequest],
        account: Account,
        ids: Sequence[str],
        bulk_id: str | None = None,
        reply: Reply | None = None,
    ) -> None:
        """Hold what these can cost, and queue them: all or none.

        Raises `Problem`: `insufficient_credits`, `idempotency_key_in_use`, `storage_unavailable`.
        """
        amounts = [self.price(request) for request in requests]
        try:
            await self._books.enrichments.queue(requests, account, amounts, ids, bulk_id, reply)
        except BaseException as error:
            if isinstance(error, Problem) and error.code != "storage_unavailable":
                raise
            if isinstance(error, Problem) and await self._is_queued(ids[0], account):
                return  # the commit was made, and the connection broke before it was heard of
            if reply is None:  # else whoever sends the key again hears what became of it
                for enrichment_id in ids:
                    self._in_background(self._give_back(enrichment_id))
            raise

    def hurry(self, seconds: float) -> None:
        """The process is stopping: take on nothing new, end what is in flight within `seconds`; what was
        queued, `LATE_ANSWERS` later, as nobody waits for it and it may still hear something."""
        self._draining = True
        self._ends_by = self._around.clock.monotonic() + seconds
        for run, longer in self._runs.items():
            run.hurry(seconds + longer)

    async def finish(self, patience: float) -> None:
        """Wait up to `patience` seconds for late answers and for holds that are being given back."""
        if self._background:
            await asyncio.wait(list(self._background), timeout=patience)

    async def _run_and_settle(
        self,
        enrichment_id: str,
        request: EnrichmentRequest,
        account: Account,
        began: float,
        *,
        once: Once | None = None,
        queued: Queued | None = None,
    ) -> Enrichment:
        try:
            contact, fields = _looked_for(request, account), gates.allowed(request, account)
            waterfall = Waterfall(contact, fields, self._plan, account.accept_risky)
            heard = self._heard(queued) if queued else None
            run = Run(waterfall, self._around, Ages.of(account), heard)
            await self._carry_out(run, LATE_ANSWERS if queued else 0.0)
            enrichment = self._concluded(enrichment_id, request, run)
            if queued and heard:
                await self._unless_later(queued, enrichment, run, heard)
                enrichment.charged = min(enrichment.charged, queued.held)  # prices may have been raised since
            known = run.subject.of_all(enrichment.attempts)
            settlement = self._settlement(enrichment, account, known, once, queued, run.cut_off)
            enrichment.remaining = await self._settle(settlement)
            enrichment.duration_ms = (self._around.clock.monotonic() - began) * 1000
        except BaseException:
            if queued is None:
                self._in_background(self._give_back(enrichment_id))
            raise
        self._meter.enrichment(enrichment, heard.news(enrichment.attempts) if heard else enrichment.attempts)
        if heard and heard.goes_on:
            self._in_background(heard.forget())
        await self._learner.learn(enrichment, settlement.finished_at)
        if run.outstanding:
            self._in_background(self._record_late_answers(enrichment, run))
        return enrichment

    def _serves(self, fields: Iterable[Field]) -> bool:
        return any(self._plan.finders.get(wanted) for wanted in fields)

    def _leave_to_others(self, queued: Queued, account: Account) -> None:
        """Raises `PutOff` where nobody is configured here who could be asked: another worker may do it, or
        this one once its vendors are back in its settings."""
        fields = gates.allowed(queued.request, account)
        if not fields or self._serves(fields):
            return
        if fields not in self._lacking:
            self._lacking.add(fields)
            log.error("queue_without_provider", fields=", ".join(fields))
        raise PutOff(self._around.clock.wall() + UNSERVED, queued.put_off_since, queued.goes_on)

    def _heard(self, queued: Queued) -> Heard:
        return Heard(self._around.memory.apart(queued.id), self._around.clock, queued.goes_on)

    async def _unless_later(self, queued: Queued, enrichment: Enrichment, run: Run, heard: Heard) -> None:
        """Raises `PutOff` where the contact may still be found: a stop cut it off, or nobody could answer and
        it was not put off for long enough yet. What it has heard is kept before: it is not paid for again."""
        until, since = 0.0, queued.put_off_since
        if not run.cut_off:
            now = self._around.clock.wall()
            since = now if since is None else since
            if not _nobody_could_answer(enrichment) or now - since >= LONG_ENOUGH:
                return
            seconds = pause(enrichment.attempts, self._around.guard.breakers.pauses(), now - since)
            until = now + seconds * (1 + random.random() / 5)  # noqa: S311
        self._meter.attempts(heard.news(enrichment.attempts))
        await heard.keep()
        self._in_background(self._keep_late_answers(enrichment, run, heard))
        raise PutOff(until, since, heard.goes_on or run.outstanding)

    async def _carry_out(self, run: Run, longer: float) -> None:
        self._runs[run] = longer
        if self._draining:  # since it was admitted
            run.hurry(max(0.0, self._ends_by + longer - self._around.clock.monotonic()))
        try:
            await run.until_answered()
        finally:
            del self._runs[run]

    def _concluded(self, enrichment_id: str, request: EnrichmentRequest, run: Run) -> Enrichment:
        found, attempts = run.waterfall.results, tuple(run.attempts)
        results = {wanted: found.get(wanted) or Result(wanted) for wanted in request.fields}
        return Enrichment(
            id=enrichment_id,
            request=request,
            results=self._confidence.weigh(results, attempts, request.contact),
            attempts=attempts,
            charged=self._books.prices.to_charge(results.values()),
            waited_ms=run.stopwatch.seconds * 1000,
            sandbox=run.sandbox,
        )

    def _settlement(
        self,
        enrichment: Enrichment,
        account: Account,
        known: tuple[str, ...],
        once: Once | None,
        queued: Queued | None,
        cut_off: bool = False,
    ) -> Settlement:
        failed = _nobody_could_answer(enrichment)
        # A caller who waits for the answer hears of the failure; one who does not is told by webhook.
        wanted = enrichment.request.webhook_url and (queued or not failed)
        return Settlement(
            enrichment,
            account.id,
            self._around.clock.wall(),
            webhook_body=self._render_webhook(enrichment, account, queued) if wanted else None,
            subjects=known,
            reply=_reply(once, enrichment, failed, cut_off) if once else None,
        )

    async def _settle(self, settlement: Settlement) -> int:
        """Settle, also across a short absence of the database: settling twice moves nothing."""
        until = self._around.clock.monotonic() + _SETTLE_FOR
        while True:
            try:
                return await self._books.ledger.settle(settlement)
            except Problem:
                if self._draining or self._around.clock.monotonic() > until:
                    raise
            await asyncio.sleep(_SETTLE_PAUSE)

    async def _record_late_answers(self, enrichment: Enrichment, run: Run) -> None:
        await self._meter_late_answers(enrichment, run)
        known = run.subject.of_all(run.attempts)
        await self._books.enrichments.replace_attempts(enrichment.id, run.attempts, known)

    async def _keep_late_answers(self, enrichment: Enrichment, run: Run, heard: Heard) -> None:
        """They are what the next try begins with."""
        await self._meter_late_answers(enrichment, run)
        await heard.keep()

    async def _meter_late_answers(self, enrichment: Enrichment, run: Run) -> None:
        """Count what vendors took for answers that were still out when the rest was counted."""
        before = _spent(enrichment.attempts)
        await run.until_silent()
        for provider, cost in _spent(run.attempts).items():
            self._meter.spent(provider, cost - before.get(provider, 0.0))

    async def _give_back(self, enrichment_id: str) -> None:
        """Release a hold whose enrichment came to nothing, as soon as the database can."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._books.ledger.release(enrichment_id)
            except LookupError:
                return  # it was never made, or settled after all
            except Problem:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return

    async def _is_queued(self, enrichment_id: str, account: Account) -> bool:
        with suppress(Problem):
            return await self._books.enrichments.get(enrichment_id, account.id) is not None
        return False

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _spent(attempts: Iterable[Attempt]) -> dict[str, float]:
    """By vendor, in its own credits."""
    spent: dict[str, float] = {}
    for attempt in attempts:
        spent[attempt.provider] = spent.get(attempt.provider, 0.0) + attempt.vendor_cost
    return spent


def _looked_for(request: EnrichmentRequest, account: Account) -> Contact:
    """The contact; without phone countries of its own, with the account's."""
    if request.contact.phone_countries or not account.phone_countries:
        return request.contact
    return replace(request.contact, phone_countries=account.phone_countries)


def _nobody_could_answer(enrichment: Enrichment) -> bool:
    """Nothing was found, nobody said "nothing", and at least one vendor failed."""
    lanes = enrichment.results.values()
    return not any(lane.answered for lane in lanes) and any(lane.failed for lane in lanes)


def _reply(once: Once, enrichment: Enrichment, failed: bool, cut_off: bool) -> Reply:
    """A miss that a stop made is no answer for a day either; what was charged for is."""
    if failed:
        return Reply(once.claim, 503, b"providers_failed", _FAILURE_KEPT)
    seconds = _FAILURE_KEPT if cut_off and not enrichment.charged else None
    return Reply(once.claim, 200, once.write(enrichment), seconds)
