"""The same questions to a real Postfix, where one is installed."""

import asyncio

import pytest

from headrace.sandbox.mail import MailLab
from tests.mail.postfix import ADDRESS, LAX, STRICT, running, why_not
from tests.mail.setting import Setting

pytestmark = pytest.mark.skipif(why_not() != "", reason=why_not() or "Postfix can run")


async def _listening(lab: MailLab) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(ADDRESS, lab.smtp_port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def test_postfix(setting: Setting) -> None:
    with running(setting.lab):
        await _listening(setting.lab)
        prober = setting.prober()
        said = {}
        for address in (
            f"ana@{STRICT}",
            f"nobody@{STRICT}",
            f"full@{STRICT}",
            f"ana@{LAX}",
            f"banned@{STRICT}",
        ):
            verdict = (await prober.verify(address, 30)).verdict
            said[address] = (str(verdict.grade), verdict.reason)
    assert said == {
        f"ana@{STRICT}": ("deliverable", "mailbox_accepted"),
        f"nobody@{STRICT}": ("invalid", "mailbox_not_found"),
        f"full@{STRICT}": ("risky", "mailbox_full"),
        f"ana@{LAX}": ("risky", "catch_all"),
        f"banned@{STRICT}": ("unknown", "blocked_by_policy"),
    }
