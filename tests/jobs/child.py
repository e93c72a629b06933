"""A worker in a process of its own: `child.py <url> <executor>`.

It prints a line when it is ready, and one for each thing that a job does. It reads `job subject`, which it
enqueues, or `stop`.
"""

import asyncio
import sys

from headrace.jobs.durable import Durable


async def note(subject: str) -> None:
    """Ends at once."""
    print("note", subject, flush=True)


async def hang(subject: str) -> None:
    """Never ends."""
    print("hang", subject, flush=True)
    await asyncio.Event().wait()


async def main(url: str, executor: str) -> None:
    durable = Durable(url, executor, {"note": note, "hang": hang}, asyncio.get_running_loop())
    await asyncio.to_thread(durable.launch)
    print("ready", flush=True)
    while (line := (await asyncio.to_thread(sys.stdin.readline)).strip()) not in ("stop", ""):
        await asyncio.to_thread(durable.enqueue, *line.split())
    await asyncio.to_thread(durable.stop, 0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
