"""One mail lab per test: it starts in a few milliseconds, and nothing of it is left over."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from headrace.sandbox.mail import MailLab
from headrace.sandbox.world import World, build
from tests.mail.setting import Setting


@pytest.fixture(scope="session")
def people() -> World:
    return build(7)


@pytest_asyncio.fixture
async def lab(people: World) -> AsyncIterator[MailLab]:
    async with MailLab(people) as started:
        yield started


@pytest_asyncio.fixture
async def setting(lab: MailLab) -> Setting:
    return Setting(lab)
