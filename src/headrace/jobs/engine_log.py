"""What the engine underneath has to say, in lines of our own."""

import logging
import threading
import time

import structlog

from headrace.jobs.trying import GivenUp

_SILENCE = 10.0
"""Seconds between two lines about the same thing: with the database away there would be several a second."""

log = structlog.get_logger()


def redirect() -> None:
    """Take the engine's logger over. Left alone, it writes to standard error."""
    logger = logging.getLogger("dbos")
    logger.handlers[:] = [_Relay()]
    logger.propagate = False
    logger.disabled = False


def mute() -> None:
    """Before it stops: it has a line for every job that is left."""
    logging.getLogger("dbos").disabled = True


class _Relay(logging.Handler):
    """Warnings: where, and with which exception. Never their text, for it may hold anything."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._silent_until: dict[str, float] = {}
        self._turn = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0] if record.exc_info else None
        if error is GivenUp:
            return  # said already
        place = f"{record.module}:{record.lineno}"
        with self._turn:
            now = time.monotonic()
            if now < self._silent_until.get(place, now):
                return
            self._silent_until[place] = now + _SILENCE
        log.warning("jobs_engine", place=place, error=error.__name__ if error else None)
