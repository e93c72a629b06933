"""The job that works through one account's queue, in order and a few at a time."""

import asyncio

import structlog

from headrace.domain.errors import Problem
from headrace.domain.model import Account
from headrace.engine.enrich import Enricher
from headrace.ports import Accounts, Enrichments, Queued

log = structlog.get_logger()


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

    async def __call__(self, account_id: str) -> None:
        """Work until the queue of `account_id` is empty."""
        async with asyncio.TaskGroup() as lines:
            for _ in range(self._parallel):
                lines.create_task(self._work(account_id))

    def stop(self) -> None:
        """Take nothing more from any queue; what is taken ends as usual."""
        self._stopping = True

    async def _work(self, account_id: str) -> None:
        while not self._stopping:
            taken = await self._enrichments.take(account_id, 1)
            if not taken:
                return
            account = await self._accounts.by_id(account_id)
            if account:
                await self._enrich(taken[0], account)

    async def _enrich(self, queued: Queued, account: Account) -> None:
        try:
            await self._enricher.carry_out(queued, account)
        except Problem as problem:
            log.warning("enrichment_put_back", enrichment=queued.id, reason=problem.code)
            await self._enrichments.put_back(queued.id)
            raise
