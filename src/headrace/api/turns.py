"""Of equal requests at the same time, one is carried out and the others hear its answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from headrace.domain.errors import Problem
from headrace.ports import Claim, Idempotency, Reply

T = TypeVar("T")

_WRITE_AGAIN = 0.5
"""Seconds between two tries to write while the database is away."""

_GIVEN_BACK = 1.0
"""Seconds in which this process gives back what it could not end, unless the database is away."""

_LOOK_EVERY = 0.1
"""Seconds between two looks at a request that another process carries out."""


class Turns:
    """Sees to it that of equal requests one is carried out, and that the rest hear its answer."""

    def __init__(self, idempotency: Idempotency, patience: float) -> None:
        self._idempotency = idempotency
        self._patience = patience  # seconds to wait for somebody else's answer
        self._locks: dict[str, tuple[asyncio.Lock, list[None]]] = {}
        self._unwritten: dict[
            str, asyncio.Task[None]
        ] = {}  # claims that the database does not know enough of

    async def once(self, claim: Claim, work: Callable[[], Awaitable[T]]) -> T | Reply:
        """The result of `work`, which takes the claim; or the answer of whoever had taken it.

        Raises `Problem`: `idempotency_key_reused`, `idempotency_key_in_use`, and what `work` raises.
        """
        async with self._turn(claim):
            if claim.name in self._unwritten:
                raise Problem("storage_unavailable", retry_after=1)
            while True:
                reply = await self._settled(claim)
                if reply:
                    return _spoken(reply)
                try:
                    return await work()
                except Problem as problem:
                    if problem.code != "idempotency_key_in_use":
                        raise

    async def alone(self, claim: Claim, work: Callable[[], Awaitable[tuple[int, bytes]]]) -> Reply:
        """The same for work that knows nothing of claims: it is taken before and answered afterwards."""
        return await self.once(claim, lambda: self.claimed(claim, work))

    async def claimed(self, claim: Claim, work: Callable[[], Awaitable[tuple[int, bytes]]]) -> Reply:
        """The answer of `work`, kept; what `once` carries out where something comes before the claim."""
        try:
            await self._idempotency.begin(claim)
            reply = Reply(claim, *await work())
        except BaseException as error:
            if not isinstance(error, Problem) or error.code != "idempotency_key_in_use":
                await self._surely(claim, lambda: self._idempotency.free(claim))
            raise
        await self._surely(claim, lambda: self._idempotency.end(reply))
        return reply

    async def _surely(self, claim: Claim, write: Callable[[], Awaitable[None]]) -> None:
        """Carry `write` out. While the database is away the caller hears of that, and the write is tried
        until it succeeds: a key that stayed taken would refuse the request for a day."""
        try:
            await write()
        except Problem:
            self._unwritten[claim.name] = asyncio.create_task(self._until_written(claim, write))
            raise

    async def _until_written(self, claim: Claim, write: Callable[[], Awaitable[None]]) -> None:
        while claim.name in self._unwritten:
            await asyncio.sleep(_WRITE_AGAIN)
            with suppress(Problem):
                await write()
                del self._unwritten[claim.name]

    @asynccontextmanager
    async def _turn(self, claim: Claim) -> AsyncIterator[None]:
        """Those who are here at the same time go one after the other; the second finds the first's answer."""
        lock, users = self._locks.setdefault(claim.name, (asyncio.Lock(), []))
        users.append(None)
        try:
            try:
                async with asyncio.timeout(self._patience):
                    await lock.acquire()
            except TimeoutError:
                raise Problem("idempotency_key_in_use", retry_after=1) from None
            try:
                yield
            finally:
                lock.release()
        finally:
            users.pop()
            if not users:
                del self._locks[claim.name]

    async def _settled(self, claim: Claim) -> Reply | None:
        """The answer, waiting for it while another process works it out; `None` when there is none."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (reply := await self._idempotency.look(claim)) and not reply.status:
            waited = loop.time() - began
            if reply.ours and waited > _GIVEN_BACK:  # it is our turn, so nobody here works on it any more
                raise Problem("storage_unavailable", retry_after=1)
            if waited > self._patience:
                raise Problem("idempotency_key_in_use", retry_after=1)
            await asyncio.sleep(_LOOK_EVERY)
        return reply


def _spoken(reply: Reply) -> Reply:
    """An answer that was a failure fails again."""
    if reply.status >= 500:
        raise Problem(reply.body.decode(), retry_after=1, repeated=True)
    return reply
