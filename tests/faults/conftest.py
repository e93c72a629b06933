"""A stack with short deadlines, whose vendors are all well at the start of each test."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from tests.compat.pages import VENDORS
from tests.stack import Stack, running

SHORT: dict[str, Any] = {
    "SERVER__RATE_LIMIT": "100000",
    **{f"PROVIDERS__{name.upper()}__TIMEOUT": "3" for name in VENDORS},
}


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for a whole module; its vendors have three seconds to answer."""
    with running(tmp_path_factory.mktemp("stack"), **SHORT) as made:
        yield made


@pytest_asyncio.fixture
async def stack(module_stack: Stack) -> AsyncIterator[Stack]:
    """The module's stack, with nothing scripted, no calls counted and no breaker open."""
    module_stack.close_breakers()
    await module_stack.control("_control/reset")
    await module_stack.control("_control/latency", ms=0)
    yield module_stack
