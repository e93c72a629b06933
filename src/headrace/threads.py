"""How the operating system treats the threads that serve an event loop."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_the_background() -> Iterator[None]:
    """Threads that are started inside do not interrupt another one when they wake up; they wait for their
    turn. Otherwise Linux stops the event loop each time that one of them has something to do, and neither
    gets far (docs/why/0020). Where the system knows no such thing, forbids it, or was told to schedule this
    process in a way of its own, nothing changes.
    """
    stepped_back = _step_back()
    try:
        yield
    finally:
        if stepped_back:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _step_back() -> bool:
    try:
        if os.sched_getscheduler(0) != os.SCHED_OTHER:
            return False
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # new threads inherit it
    except (AttributeError, OSError):
        return False
    return True
