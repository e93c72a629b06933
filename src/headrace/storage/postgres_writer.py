"""The one writer of a process: what waits together is committed together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg

from headrace.storage.database import BATCH, unavailable
from headrace.storage.postgres_batch import Job, carry_out
from headrace.storage.postgres_faults import CONFLICTS, LOST, code, is_about_the_server

_TRIES = 3
"""How often a transaction is begun before the server counts as unavailable."""


class Writer:
    """Commits jobs in batches, on a connection that is made again whenever it breaks."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        self._connection: asyncpg.Connection | None = None
        self._jobs: asyncio.Queue[Job[Any] | None] = asyncio.Queue()
        self._ending = False

    def put(self, job: Job[Any]) -> None:
        if self._ending:
            raise unavailable(asyncpg.InterfaceError("closed"))
        self._jobs.put_nowait(job)

    def end(self) -> None:
        """Let `run` return once what is queued is done."""
        self._ending = True
        self._jobs.put_nowait(None)

    async def run(self) -> None:
        open_ = True
        while open_:
            batch, open_ = await self._next_batch()
            await self._commit(batch)
            for job in batch:
                job.resolve()
        self._disconnect()

    async def _next_batch(self) -> tuple[list[Job[Any]], bool]:
        """Everything that is waiting, at least one; false once the end is reached."""
        batch: list[Job[Any]] = []
        job = await self._jobs.get()
        while job is not None:
            batch.append(job)
            if self._jobs.empty() or len(batch) == BATCH:
                return batch, True
            job = self._jobs.get_nowait()
        return batch, False

    async def _commit(self, batch: Sequence[Job[Any]]) -> None:
        """All in one transaction; those that are at fault fail alone, and undo nobody else's work."""
        if not batch:
            return
        try:
            await self._transact(batch)
        except _RaisedError:
            await self._commit_apart(batch)
        except Exception as error:
            if is_about_the_server(error):
                self._disconnect()
                problem = unavailable(error, code(error))
                for job in batch:
                    job.error = problem
            elif len(batch) == 1:
                batch[0].error = error
            else:
                for job in batch:
                    await self._commit([job])

    async def _commit_apart(self, batch: Sequence[Job[Any]]) -> None:
        """First those whose operation ended, then those whose operation raised: it may do so because of what
        a neighbour did, and is told so only once that neighbour's work is committed."""
        raised = [job for job in batch if job.error is not None]
        await self._commit([job for job in batch if job.error is None])
        if len(batch) > 1:
            for job in raised:
                await self._commit([job])

    async def _transact(self, batch: Sequence[Job[Any]]) -> None:
        """One transaction, begun again where the server undid it for another's sake, or where the connection
        turns out to have been lost. Once the commit was asked for it is not: it may have been made."""
        for left in reversed(range(_TRIES)):
            try:
                await self._transact_once(batch)
                return
            except LOST:
                self._disconnect()
                if not left:
                    raise
            except CONFLICTS:
                if not left:
                    raise

    async def _transact_once(self, batch: Sequence[Job[Any]]) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
        transaction = self._connection.transaction()
        await transaction.start()
        try:
            await carry_out(self._connection, batch)
            if any(job.error for job in batch):
                raise _RaisedError
        except Exception as error:
            if not is_about_the_server(error) or isinstance(error, CONFLICTS):
                await transaction.rollback()
            raise
        try:
            await transaction.commit()
        except LOST as error:
            raise _UnheardError from error

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


class _RaisedError(Exception):
    """An operation raised; it may have done so half-way."""


class _UnheardError(OSError):
    """The connection was lost during the commit."""
