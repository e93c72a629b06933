"""What other processes do in these tests: `child.py <job> <valkey url> <arguments>`.

A job says `ready` once it is connected, and begins when a line arrives.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from headrace.engine.clock import SystemClock
from headrace.shared import flights
from headrace.shared.connect import connect
from headrace.shared.flights import ValkeyFlights
from headrace.shared.store import Shared

_PATIENCE = 30.0
"""Seconds: these tests are about what is shared, not about a busy machine."""


def say(what: Any) -> None:
    print(json.dumps(what), flush=True)


async def until_told() -> None:
    await asyncio.to_thread(sys.stdin.readline)


_LOCK = 60_000
"""Milliseconds: nor is a process dead that stands still for a while."""


_SAID = 50
"""Of so many refusals, which are hundreds of thousands, one is told."""


async def opened(url: str) -> Shared:
    flights._LOCK = _LOCK
    shared = connect(url, SystemClock(), _PATIENCE)
    shared.start()
    await shared.rates.admit("warm", 1_000_000, 1.0)
    say("ready")
    await until_told()
    return shared


async def hammer(url: str, key: str, calls: str, seconds: str) -> None:
    """Ask for one more without a pause; says how many were admitted and when others were refused."""
    shared = await opened(url)
    admitted, refused = 0, []
    end = time.monotonic() + float(seconds)

    async def soldier() -> None:
        nonlocal admitted
        while time.monotonic() < end:
            sent = time.time()
            if (await shared.rates.admit(key, int(calls), 1.0)).wait:
                refused.append((sent, time.time()))
            else:
                admitted += 1

    await asyncio.gather(*(soldier() for _ in range(4)))
    say({"admitted": admitted, "refused": refused[::_SAID]})
    await shared.aclose()


async def together(url: str, key: str, many: str) -> None:
    """So many ask for the same work; says when all wait, then what came of it."""
    shared = await opened(url)
    worked = 0
    finish = asyncio.Event()

    async def work() -> bytes:
        nonlocal worked
        worked += 1
        await finish.wait()
        return f"answer {worked}".encode()

    asked = [asyncio.create_task(shared.flights.once(key, work, 60)) for _ in range(int(many))]
    assert isinstance(shared.flights, ValkeyFlights)
    while not worked and key not in shared.flights._awaited:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0.01)
    say("asking")
    await until_told()
    finish.set()
    answers = await asyncio.gather(*asked)
    say({"worked": worked, "answers": [(answer.decode(), joined) for answer, joined in answers]})
    await shared.aclose()


async def lead(url: str, key: str) -> None:
    """Work for ever."""
    shared = await opened(url)

    async def work() -> bytes:
        say("working")
        await asyncio.Event().wait()
        return b""

    await shared.flights.once(key, work, 600)


JOBS: dict[str, Callable[..., Coroutine[None, None, None]]] = {
    "hammer": hammer,
    "together": together,
    "lead": lead,
}

if __name__ == "__main__":
    asyncio.run(JOBS[sys.argv[1]](*sys.argv[2:]))
