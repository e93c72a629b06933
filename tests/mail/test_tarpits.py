"""A thousand mail hosts that keep us waiting, all at once."""

import subprocess
import sys

SESSIONS = 1000
MOST_MEGABYTES = 200

CHILD = f"""
import asyncio, resource
import psutil
from headrace.mail.dialing import dialable
from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.session import serve
from headrace.sandbox.world import build
from tests.mail.setting import Limits, Patience, Setting, until

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    async with MailLab(build(7)) as lab:
        # Behind one machine's address they would have to wait for each other.
        for number in range({SESSIONS}):
            machine = f"127.26.{{number // 250}}.{{number % 250 + 1}}"
            lab.zones.add(f"t{{number}}.tarpits.lab.example", "A", machine)
        tarpit = lambda *ends: serve(lab.manners["tarpit"], lab.book, "tarpit", *ends)
        everywhere = await asyncio.start_server(tarpit, "0.0.0.0", 0, backlog=2048)
        lab.smtp_port = everywhere.sockets[0].getsockname()[1]
        setting = Setting(
            lab,
            patience=Patience(60, 60),
            limits=Limits({SESSIONS}, 0),
            dns_timeout=20,
            dialable=dialable(["127.26.0.0/16"]),
        )
        prober = setting.prober()
        waiting = [
            asyncio.create_task(prober.verify(f"ana@t{{number}}.tarpits.lab.example", 120))
            for number in range({SESSIONS})
        ]
        await until(lambda: lab.book.open_now == {SESSIONS}, seconds=100)
        print(psutil.Process().memory_info().rss // 2**20, lab.book.open_now)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await until(lambda: not lab.book.open_now)

asyncio.run(main())
"""


def test_a_thousand_tarpits() -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=200, check=False
    )
    assert child.returncode == 0, child.stderr
    megabytes, waiting = map(int, child.stdout.split())
    assert waiting == SESSIONS
    assert megabytes < MOST_MEGABYTES
