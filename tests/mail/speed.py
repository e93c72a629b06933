"""How many probe sessions per second: `python -m tests.mail.speed`. Client and servers share the process."""

import asyncio
import time

from headrace.sandbox.mail import MailLab
from headrace.sandbox.world import build
from tests.mail.setting import Setting

AT_ONCE = 64


async def main() -> None:
    """Verify everyone of the seeded world."""
    async with MailLab(build(7)) as lab:
        prober, free = Setting(lab, dns_timeout=30).prober(), asyncio.Semaphore(AT_ONCE)

        async def verify(address: str) -> None:
            async with free:
                await prober.verify(address, 60)

        addresses = [person.work_email for person in lab.world.people if person.work_email]
        begun, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*map(verify, addresses))
        wall, used = time.perf_counter() - begun, time.process_time() - used
        print(f"{len(addresses)} addresses, {lab.book.sessions} sessions in {wall:.1f} s")
        print(f"{lab.book.sessions / wall:.0f} per second, {lab.book.sessions / used:.0f} per CPU second")


if __name__ == "__main__":
    asyncio.run(main())
