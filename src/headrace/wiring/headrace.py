"""Puts one process together, and starts and stops it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module

import structlog
from litestar.types import ASGIApp

from headrace.api.app import create_app
from headrace.api.limits import AccountLimits
from headrace.api.metrics import PrometheusMeter
from headrace.api.services import Services
from headrace.api.turns import Turns
from headrace.config import ConfigError, Settings
from headrace.domain.errors import Problem
from headrace.engine.clock import SystemClock
from headrace.engine.enrich import LATE_ANSWERS, Books, Enricher
from headrace.engine.guard import Guard
from headrace.engine.own.learn import Learner
from headrace.engine.own.recall import Recall
from headrace.engine.run import Party, Surroundings
from headrace.engine.screen import Screen
from headrace.engine.vendor import Vendor
from headrace.finder.lists import Lists
from headrace.jobs.worker import Worker
from headrace.logs import place_of
from headrace.ports import Transport
from headrace.shared.store import Shared
from headrace.storage.opening import Storage
from headrace.wiring.own import Own, make_desk, make_own
from headrace.wiring.parts import (
    make_deadlines,
    make_memory,
    make_prices,
    make_shared,
    make_transport,
    webhook_body,
)
from headrace.wiring.storage import open_storage
from headrace.wiring.vendors import (
    make_limits,
    make_plan,
    make_vendors,
    with_entered_keys,
)
from headrace.wiring.work import check_webhook, make_worker

_TO_WRITE = 1.0
"""Seconds in which what came in the last moment is settled, or put back."""


_SWEEP_EVERY = 2.0
"""Seconds between two looks for processes that died."""


_SEAT_TRIES, _SEAT_PAUSE = 30, 0.1
"""A process that ended just now may hold its seat for a moment longer; seconds."""


_PATIENCE = 5.0
"""Seconds beyond the longest search for which an equal request waits for its answer."""


_AFTER_START = 1.0
"""Seconds after the start at which a server has time to load tables."""

log = structlog.get_logger()


def _load_tables() -> None:
    """Fetch, beside the work, what the first phone number would otherwise wait for."""
    asyncio.get_running_loop().run_in_executor(None, import_module, "headrace.domain.phones")


@dataclass(frozen=True, slots=True)
class Headrace:
    """Everything that one process needs to enrich. `stop` it at the end."""

    settings: Settings
    storage: Storage
    vendors: Mapping[str, Vendor]
    transport: Transport
    enricher: Enricher
    services: Services
    meter: PrometheusMeter
    shared: Shared
    worker: Worker | None
    own: Own
    _sweeper: list[asyncio.Task[None]] = field(default_factory=list)
    _ends_by: list[float] = field(default_factory=list)  # by the loop's clock, once the end has begun

    def application(self) -> ASGIApp:
        """The HTTP application; it starts and stops this Headrace with its server."""
        origins = self.settings.server.cors_origins
        return create_app(
            self.services, self.meter, origins, on_startup=[self.start], on_shutdown=[self.stop]
        )

    async def admit(self) -> None:
        """Raises `ConfigError` where another process serves this database and the two share nothing else."""
        if self.settings.shared.url:
            await self.storage.owner.take_seat("process")  # so that one which shares nothing is not the first
            return
        patience = _SEAT_TRIES
        while (seat := await self.storage.owner.take_seat("process")) != "seat-process-0":
            await self.storage.owner.leave_seat(seat)
            patience -= 1
            if not patience:
                raise ConfigError(
                    "shared.url: another Headrace process uses this database; several need a shared store, "
                    'such as [shared] url = "redis://127.0.0.1:6379/0"'
                )
            await asyncio.sleep(_SEAT_PAUSE)

    async def start(self) -> None:
        """Give back what processes that died were holding, now and from now on."""
        self.shared.start()
        await self.storage.ledger.release_abandoned()
        asyncio.get_running_loop().call_later(_AFTER_START, _load_tables)
        self._sweeper.append(asyncio.create_task(self._sweep()))
        self._sweeper.append(asyncio.create_task(self.own.keep_exchanging()))
        if self.worker:
            self.worker.start()

    def drain(self) -> None:
        """Refuse new work and let what is in flight end soon: all of it by the same time, requests, queued
        work and webhooks, and what comes late."""
        seconds = self.settings.server.drain_seconds
        self._end_in(seconds)
        if self.worker:
            self.worker.drain()
        self.enricher.hurry(seconds)

    async def stop(self) -> None:
        for task in self._sweeper:
            task.cancel()
        self._end_in(self.settings.server.drain_seconds)  # unless a signal has begun it
        if self.worker:
            await self.worker.stop(self._left)
        await self.enricher.finish(self._left)
        await self.own.finish()
        await self.transport.aclose()
        await self.shared.aclose()
        self.storage.close()

    def _end_in(self, seconds: float) -> None:
        if not self._ends_by:
            self._ends_by.append(asyncio.get_running_loop().time() + seconds + LATE_ANSWERS + _TO_WRITE)

    @property
    def _left(self) -> float:
        """Seconds until all that is under way has to have ended."""
        return max(0.0, self._ends_by[0] - asyncio.get_running_loop().time())

    async def _sweep(self) -> None:
        """For as long as the process lives, whatever goes wrong; said once a change."""
        known = ""
        while True:
            await asyncio.sleep(_SWEEP_EVERY)
            try:
                await self.storage.ledger.release_abandoned()
                known = ""
            except Problem:
                continue  # the database has logged it
            except Exception as error:
                trouble = f"{type(error).__name__} at {place_of(error)}"
                if trouble != known:
                    log.error("sweep_failed", error=trouble)
                known = trouble


def build(settings: Settings, *, sandbox: bool = False, worker: bool = False) -> Headrace:
    """Everything, from settings. `sandbox`: every answer is labelled as invented. `worker`: queued work is
    done by this process too. Raises `ConfigError`."""
    make_plan(settings, make_vendors(settings))  # what is wrong there is said before a database is made
    storage = open_storage(settings)
    settings = with_entered_keys(settings, storage)
    vendors = make_vendors(settings)
    plan = make_plan(settings, vendors)
    clock, meter = SystemClock(), PrometheusMeter()
    shared = make_shared(settings, clock)
    guard = Guard(make_limits(settings, vendors), clock, shared.rates, shared.breakers)
    transport = make_transport(settings)
    memory = make_memory(settings, storage, shared, clock)
    screen = Screen(storage.suppressions)
    verifiers = [vendors[name] for name in plan.verifiers if name in vendors]
    own = make_own(settings, storage, clock, Recall(memory, verifiers))
    parties: dict[str, Party] = {**vendors, **own.parties}
    surroundings = Surroundings(parties, screen, memory, guard, transport, clock, make_deadlines(settings))
    books = Books(storage.ledger, storage.enrichments, make_prices(settings))
    learner = Learner(own.knowing, Lists())
    enricher = Enricher(plan, surroundings, books, meter, webhook_body, learner, own.confidence)
    made = make_worker(settings, storage, enricher) if worker else None
    services = Services(
        accounts=storage.accounts,
        store=storage,
        enrichments=storage.enrichments,
        enricher=enricher,
        verifier=own.verifier,
        outcomes=make_desk(storage, own, clock),
        turns=Turns(storage.idempotency, settings.waterfall.deadline.total + _PATIENCE),
        wake=made.wake if made else lambda: None,
        check_webhook=partial(check_webhook, settings.webhooks),
        limits=AccountLimits(settings.server.rate_limit, shared.rates),
        guard=guard,
        providers=tuple(vendors),
        database_answers=storage.answers,
        clock=clock,
        sandbox=sandbox,
    )
    return Headrace(settings, storage, vendors, transport, enricher, services, meter, shared, made, own)
