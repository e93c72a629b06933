"""Finds what is to be done and has it done durably; tidies up in between."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from headrace.domain.errors import Problem
from headrace.engine.ids import earliest_id, new_id
from headrace.jobs.contacts import Contacts
from headrace.jobs.deliver import Deliver
from headrace.jobs.durable import Durable
from headrace.jobs.reaper import Alive, reap
from headrace.jobs.trying import Handler
from headrace.ports import Clock, Enrichments, Fence, Webhooks

LOOK_EVERY = 0.25
"""Seconds between two looks at the queues; work queued by this process is looked at sooner."""

BATCH = 200
"""Most deliveries of one job."""

ASK_AGAIN = 1.0
"""Seconds after which a queue that still waits is given a job again: the last one may run elsewhere, or have
ended there."""

STALE = 60.0
"""Seconds after which a batch that is still open is given a job again."""

REAP_EVERY = 5.0
TIDY_EVERY = 3600.0
FORGET_AFTER = 86_400.0
"""Seconds: finished jobs are kept for a day, for whoever looks into what happened."""

CONTACTS, WEBHOOKS = "contacts", "webhooks"
"""The names of the jobs."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Queues:
    """Where work waits."""

    enrichments: Enrichments
    webhooks: Webhooks


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the jobs do."""

    contacts: Contacts
    webhooks: Deliver


class Worker:
    """One per process that works. The engine underneath is launched with the first work there is."""

    def __init__(
        self,
        queues: Queues,
        handlers: Handlers,
        jobs_url: str,
        seat: Callable[[], Awaitable[str]],
        is_alive: Alive,
        fence: Fence,
        tidy: Sequence[Callable[[], Awaitable[object]]],
        clock: Clock,
    ) -> None:
        self._queues = queues
        self._handlers = handlers
        self._jobs_url = jobs_url
        self._seat = seat
        self._is_alive = is_alive
        self._fence = fence
        self._tidy = tidy
        self._clock = clock
        self._durable: Durable | None = None
        self._executor: str | None = None
        self._launch: asyncio.Task[Durable] | None = None
        self._asked: dict[str, float] = {}  # account -> when its queue was last given a job
        self._draining = False
        self._claimed: list[str] = []  # batches that have no job yet
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look. Call it in the event loop that the handlers run in."""
        self._tasks = [
            asyncio.create_task(self._forever(self._dispatch, LOOK_EVERY)),
            asyncio.create_task(self._forever(self._reap, REAP_EVERY)),
            asyncio.create_task(self._forever(self._tidy_up, TIDY_EVERY)),
        ]

    def wake(self) -> None:
        """Something was queued."""
        self._handlers.contacts.wake()
        self._woken.set()

    def drain(self) -> None:
        """Begin nothing new."""
        self._draining = True
        self._handlers.contacts.stop()
        self._handlers.webhooks.stop()

    async def stop(self, seconds: float) -> None:
        """End within about `seconds`; what is not done by then is taken up again later, here or elsewhere."""
        self.drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._launch:  # in a thread, which cannot be cancelled
            await asyncio.gather(self._launch, return_exceptions=True)
        if self._durable:
            await asyncio.to_thread(self._durable.stop, seconds)
        await self._handlers.webhooks.aclose()

    async def _forever(self, work: Callable[[], Awaitable[None]], every: float) -> None:
        """A database that is away is looked for again; nothing else may end the loop either."""
        while True:
            try:
                await work()
            except Problem:
                pass  # the database has logged it
            except Exception as bug:
                log.error("worker_stumbled", work=work.__name__, error=type(bug).__name__)
            if work is self._dispatch:
                await self._pause(every)
            else:
                await asyncio.sleep(every)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def _dispatch(self) -> None:
        if self._draining:
            return
        if self._durable is None:
            await self._take_up_batches(older_than=0)
        await self._give_jobs()
        while not self._draining and await self._is_due():
            self._claimed.append(new_id())  # first: a claim may be committed and not heard of
            if not await self._queues.webhooks.claim(self._claimed[-1], BATCH):
                self._claimed.pop()
                break
            await self._give_jobs()
        await self._ask(await self._queues.enrichments.waiting())

    async def _is_due(self) -> bool:
        due = await self._queues.webhooks.next_due()
        return due is not None and due <= self._clock.wall()

    async def _give_jobs(self) -> None:
        while self._claimed:
            await self._enqueue(WEBHOOKS, self._claimed[0])
            del self._claimed[0]

    async def _ask(self, waiting: Sequence[str]) -> None:
        """Give each queue a job, unless one is at work here and sees for itself, or was asked for just
        now."""
        now = time.monotonic()
        self._asked = {account: at for account, at in self._asked.items() if now - at < ASK_AGAIN}
        for account in waiting:
            if account not in self._handlers.contacts.at_work and account not in self._asked:
                self._asked[account] = now
                await self._enqueue(CONTACTS, account)

    async def _work_through(self, account_id: str) -> None:
        """The job of a queue; what comes into it from now on needs another one at once."""
        try:
            await self._handlers.contacts(account_id)
        finally:
            self._asked.pop(account_id, None)

    async def _take_up_batches(self, older_than: float) -> None:
        """Batches that were claimed by a process that died before their job was written down."""
        before = earliest_id(self._clock.wall() - older_than)
        for batch in await self._queues.webhooks.open_batches(before):
            await self._enqueue(WEBHOOKS, batch)

    async def _enqueue(self, job: str, subject: str) -> None:
        durable = await self._launched()
        await asyncio.to_thread(durable.enqueue, job, subject)

    async def _launched(self) -> Durable:
        """Cancelled, it leaves the launch to end on its own; `stop` waits for that."""
        if self._durable:
            return self._durable
        self._launch = self._launch or asyncio.create_task(self._launching())
        launch = self._launch
        try:
            return await asyncio.shield(launch)
        finally:
            if launch.done():
                self._launch = None

    async def _launching(self) -> Durable:
        """Under one name, however often it fails: by it, what was begun before is found again."""
        self._executor = self._executor or await self._seat()
        handlers: dict[str, Handler] = {CONTACTS: self._work_through, WEBHOOKS: self._handlers.webhooks}
        durable = Durable(self._jobs_url, self._executor, handlers, asyncio.get_running_loop())
        await asyncio.to_thread(durable.launch)
        self._durable = durable
        return durable

    async def _reap(self) -> None:
        await self._handlers.contacts.recover()
        if self._durable:
            await reap(self._durable, self._is_alive, self._fence("reaper"))
            await self._take_up_batches(older_than=STALE)

    async def _tidy_up(self) -> None:
        for work in self._tidy:
            await work()
        if self._durable:
            await asyncio.to_thread(self._durable.forget_finished, FORGET_AFTER)
