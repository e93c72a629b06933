"""The mail lab in a thread of its own, so that whole servers can be pointed at it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headrace.sandbox.mail import MailLab
from headrace.sandbox.world import World


@contextmanager
def background_lab(world: World) -> Iterator[MailLab]:
    """A lab that answers until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    lab = MailLab(world)
    try:
        asyncio.run_coroutine_threadsafe(lab.start(), loop).result(30)
        yield lab
    finally:
        asyncio.run_coroutine_threadsafe(lab.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def names_of(lab: MailLab) -> dict[str, Any]:
    """The lab for a name server, which has more time than a busy machine ever needs."""
    return {"DNS__SERVERS": f"127.0.0.1:{lab.dns_port}", "DNS__TIMEOUT": "60"}


def settings_for(lab: MailLab) -> dict[str, Any]:
    """Settings, as in the environment, of a probe that uses the lab."""
    return {
        **names_of(lab),
        "PROBE__ENABLED": "true",
        "PROBE__PORT": str(lab.smtp_port),
        "PROBE__HELO": "probe.headrace.example",
        "PROBE__MAIL_FROM": "check@probe.headrace.example",
        "PROBE__ALLOW_PRIVATE": "127.0.25.0/24",
        "PROBE__PER_SECOND": "0",
        "PROBE__TIMEOUT": "60",
    }
