"""Somebody in this process who is asked like a vendor, but not over a wire and not for money."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from msgspec import Struct

from headrace.domain.failures import Failure
from headrace.domain.model import Contact, Failed, Found, Guessed, Judged, Missing, Skipped
from headrace.domain.plan import Question
from headrace.engine.converse import Reply
from headrace.engine.stopwatch import Stopwatch

log = structlog.get_logger()

Answer = Found | Guessed | Missing | Judged | Skipped


class Local(Struct, frozen=True):
    """`timeout` (seconds) bounds one answer. `remembered`: its answers may serve equal questions too."""

    name: str
    answer: Callable[[Question, Contact], Awaitable[Answer]]
    timeout: float
    remembered: bool = False
    base_url: str = ""
    trusted: bool = False


async def consult(local: Local, question: Question, contact: Contact, stopwatch: Stopwatch) -> Reply:
    """Never raises for anything that goes wrong there; ends within `local.timeout`."""
    try:
        with stopwatch:
            async with asyncio.timeout(local.timeout):
                return Reply(await local.answer(question, contact))
    except TimeoutError:
        failure = Failure.TIMEOUT
    except Exception as bug:
        # Only its kind is logged: the text may hold whom it was about.
        failure = Failure.MALFORMED_RESPONSE
        log.error("adapter_stumbled", provider=local.name, error=type(bug).__name__)
    return Reply(Failed(failure), failure)
