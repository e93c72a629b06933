"""One job, tried until it is done."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable

import structlog

Handler = Callable[[str], Awaitable[None]]
"""Subject -> its work, in the server's event loop. What it raises is tried again; cancelled, it is left."""

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each further try."""

log = structlog.get_logger()


class GivenUp(Exception):
    """A handler failed at every try. Says with which exception and where, never its text: this is kept."""


async def until_done(job: str, handler: Handler, subject: str) -> None:
    """The handler's work, with growing pauses between the tries. Raises `GivenUp`."""
    for pause in (*PAUSES, None):
        try:
            await handler(subject)
            return
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task and task.cancelling():  # it is we who are cancelled, not something that it awaited
                raise
            name, place = type(error).__name__, _place(error)
        if pause is None:
            log.error("job_given_up", job=job, subject=subject, error=name, place=place)
            raise GivenUp(f"{name} at {place}")
        log.warning("job_failed", job=job, subject=subject, error=name, place=place, again_in=pause)
        await asyncio.sleep(pause)


def _place(error: BaseException) -> str:
    """Where it was raised: `module:line`."""
    frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
    return f"{frame.f_globals.get('__name__')}:{line}"
