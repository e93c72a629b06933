"""The job that works through one account's queue, in order and a few at a time."""

import asyncio
import traceback
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from headrace.domain.errors import Problem
from headrace.domain.model import Account
from headrace.engine.enrich import Enricher
from headrace.engine.put_off import PutOff
from headrace.ports import Accounts, Enrichments, Queued

AHEAD = 2
"""How many times `parallel` are taken at most before they are begun."""

LOOK_EVERY = 0.25
"""Seconds between two looks at a queue that was empty while something of it was still under way."""

TRIES = 3
"""How often one contact may stumble over a bug before it ends with nothing; it must not stop the queue."""

_PAUSE = 0.25
"""Seconds between two tries to put a contact back while the database is away."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Shift:
    """One run of the job. `ready` is taken from the queue and not begun; `lines` work through that side by
    side; `news`: one of them has made room, or something was queued. `account` is kept up to date: it may
    take consent back at any time."""

    account: Account | None = None
    ready: deque[Queued] = field(default_factory=deque)
    lines: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    trouble: Exception | None = None


class Contacts:
    """Enriches what an account has queued. There is one such job per account in the whole fleet, so that
    `parallel` holds everywhere."""

    def __init__(
        self, enricher: Enricher, enrichments: Enrichments, accounts: Accounts, parallel: int
    ) -> None:
        self._enricher = enricher
        self._enrichments = enrichments
        self._accounts = accounts
        self._parallel = parallel
        self._stopping = False
        self._shifts: dict[str, _Shift] = {}
        self._mine: set[str] = set()  # taken, and neither ended nor put back
        self._taking = 0
        self._stumbled: Counter[str] = Counter()

    @property
    def at_work(self) -> Set[str]:
        """The accounts whose queues are worked on here."""
        return self._shifts.keys()

    def wake(self) -> None:
        """Something was queued."""
        for shift in self._shifts.values():
            shift.news.set()

    def stop(self) -> None:
        """Take nothing more from any queue; what is taken ends as usual."""
        self._stopping = True
        self.wake()

    async def recover(self) -> None:
        """Put back what was taken in a write that was made but not heard of: the queue says that this process
        has it, and yet nobody here does."""
        taken = await self._enrichments.taken()
        if not self._taking:
            for lost in set(taken) - self._mine:
                log.warning("enrichment_recovered", enrichment=lost)
                await self._put_back(lost)

    async def __call__(self, account_id: str) -> None:
        """Work until the queue of `account_id` is empty and all of it has ended. Raises what went wrong, but
        only once what was under way beside it has ended: its vendors have been paid."""
        shift = self._shifts[account_id] = _Shift()
        try:
            async with asyncio.TaskGroup() as group:
                await self._keep_busy(account_id, shift, group)
            for queued in shift.ready:
                await self._put_back(queued.id)
        finally:
            del self._shifts[account_id]
        if shift.trouble:
            raise shift.trouble

    async def _keep_busy(self, account_id: str, shift: _Shift, group: asyncio.TaskGroup) -> None:
        """Takes from the queue a little ahead of the lines, so that none waits for the database. Nothing that
        may go wrong leaves here: it would cancel the group."""
        try:
            while self._goes_on(shift):
                shift.news.clear()
                shift.account = await self._accounts.by_id(account_id)
                if shift.account and len(shift.ready) < self._parallel:
                    room = AHEAD * self._parallel - len(shift.ready)
                    shift.ready.extend(await self._take(account_id, room))
                    for _ in range(min(self._parallel - shift.lines, len(shift.ready))):
                        shift.lines += 1
                        group.create_task(self._line(shift))
                if not shift.lines:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await shift.news.wait()
        except Exception as error:
            shift.trouble = error

    async def _take(self, account_id: str, room: int) -> Sequence[Queued]:
        self._taking += 1
        try:
            taken = await self._enrichments.take(account_id, room)
            self._mine.update(queued.id for queued in taken)
        finally:
            self._taking -= 1
        return taken

    async def _line(self, shift: _Shift) -> None:
        while shift.ready and shift.account and self._goes_on(shift):
            await self._enrich(shift.ready.popleft(), shift.account, shift)
            shift.news.set()
        shift.lines -= 1
        shift.news.set()

    def _goes_on(self, shift: _Shift) -> bool:
        return not self._stopping and shift.trouble is None

    async def _enrich(self, queued: Queued, account: Account, shift: _Shift) -> None:
        try:
            await self._carry_out(queued, account)
            self._mine.discard(queued.id)
        except PutOff as later:
            put_off = partial(self._enrichments.put_off, queued.id, later.until, later.since, later.goes_on)
            await self._return(queued.id, put_off)
        except Problem as problem:
            shift.trouble = problem
            log.warning("enrichment_put_back", enrichment=queued.id, reason=problem.code)
            await self._put_back(queued.id)
        except Exception as bug:
            shift.trouble = bug
            self._stumbled[queued.id] += 1
            place = traceback.extract_tb(bug.__traceback__)[-1]
            at = f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}"
            log.error("enrichment_stumbled", enrichment=queued.id, error=type(bug).__name__, at=at)
            await self._put_back(queued.id)

    async def _carry_out(self, queued: Queued, account: Account) -> None:
        if self._stumbled[queued.id] < TRIES:
            await self._enricher.carry_out(queued, account)
        else:
            await self._enricher.give_up(queued, account)
            del self._stumbled[queued.id]

    async def _put_back(self, enrichment_id: str) -> None:
        await self._return(enrichment_id, partial(self._enrichments.put_back, enrichment_id))

    async def _return(self, enrichment_id: str, write: Callable[[], Awaitable[None]]) -> None:
        """As soon as the database can: what a living process has taken is given to nobody else."""
        while True:
            try:
                await write()
            except Problem:
                await asyncio.sleep(_PAUSE)
            else:
                self._mine.discard(enrichment_id)
                return
