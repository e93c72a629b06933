"""Plays an adapter's conversation over the transport, and gives every failure its name."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping

import structlog
from msgspec import Struct

from headrace.domain.failures import Failure, Refused, Unsent
from headrace.domain.model import Answer, Failed, Field, Guessed, Judged, Skipped
from headrace.engine.stopwatch import Stopwatch
from headrace.engine.vendor import Vendor
from headrace.ports import Response, Transport
from headrace.providers.base import Balance, Conversation, Request, Wait

Turn = Callable[[float], Awaitable[None]]
"""Waits so many seconds at most until one more request may be sent. Raises `Unsent`."""

Told = Answer | Guessed | Judged | Balance | Mapping[Field, Answer | Failed | Skipped]

log = structlog.get_logger()


class Reply(Struct):
    """How a conversation ended, or why there was none. `retry_after` is in seconds; `sandbox`: the vendor is
    a rehearsal. `shared`, `obtained_at`: see `Timing`."""

    told: Told | Failed | Skipped
    failure: Failure | None = None
    retry_after: float | None = None
    http_status: int | None = None
    sandbox: bool = False
    shared: bool = False
    obtained_at: float | None = None


async def _at_once(_seconds: float) -> None:
    """The turn of who is not limited."""


async def converse(
    vendor: Vendor,
    conversation: Conversation[Told],
    transport: Transport,
    stopwatch: Stopwatch,
    turn: Turn = _at_once,
) -> Reply:
    """Never raises for anything that a vendor can do; ends within `vendor.timeout`, beside what its requests
    wait for a connection of ours.

    `turn` is taken for each request after the first: that one has had its own before this began.
    """
    talk = _Talk(vendor, transport, stopwatch, turn, stopwatch.now() + vendor.timeout)
    retry_after = None
    try:
        told = await talk.play(conversation)
    except Unsent as unsent:
        return Reply(Skipped(unsent.reason), http_status=talk.status, sandbox=talk.sandbox)
    except Refused as refused:
        failure, retry_after = refused.failure, refused.retry_after
    except Exception as bug:
        # An adapter stumbled over a reply that it did not foresee. Only the place is logged: the
        # exception's text may hold what the vendor sent.
        failure = Failure.MALFORMED_RESPONSE
        log.error("adapter_stumbled", provider=vendor.name, error=type(bug).__name__, at=_place(bug))
    else:
        return Reply(told, http_status=talk.status, sandbox=talk.sandbox)
    return Reply(Failed(failure), failure, retry_after, talk.status, talk.sandbox)


class _Talk(Struct):
    vendor: Vendor
    transport: Transport
    stopwatch: Stopwatch
    turn: Turn
    deadline: float
    begun: bool = False
    status: int | None = None
    sandbox: bool = False

    async def play(self, conversation: Conversation[Told]) -> Told:
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Wait):
                    await self._pause(step)
                    step = next(conversation)
                else:
                    step = conversation.send(await self._send(step))
        except StopIteration as end:
            told: Told = end.value
            return told

    async def _send(self, request: Request) -> Response:
        outbound = self.vendor.outbound(request)
        again = False
        with self.stopwatch:
            while True:  # in one frame: thousands of these may be waiting
                if self.begun:
                    await self.turn(self._left())  # the vendor counts each request, repetitions too
                self.begun = True
                try:
                    response = await self.transport.send(outbound, self._left())
                    break
                except Refused as refused:
                    # Nothing was sent, so nothing can have been charged: the one failure that is tried again.
                    if again or refused.failure is not Failure.CONNECT_FAILED:
                        raise
                    self.deadline += refused.waited
                    again = True
        self.deadline += response.waited  # in our own line, which was none of the vendor's time
        self.status = response.status
        self.sandbox = self.sandbox or "x-headrace-sandbox" in response.headers
        return response

    async def _pause(self, wait: Wait) -> None:
        """A pause that would outlast the deadline is not begun."""
        if wait.seconds >= self._left():
            raise Refused(Failure.TIMEOUT)
        with self.stopwatch:  # the vendor is at work, and asked for it
            await asyncio.sleep(wait.seconds)

    def _left(self) -> float:
        left = self.deadline - self.stopwatch.now()
        if left <= 0:
            raise Refused(Failure.TIMEOUT)
        return left


def _place(bug: Exception) -> str:
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
