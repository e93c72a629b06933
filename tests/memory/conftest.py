"""A stack where a remembered value costs half, and vendors that are all well at the start of each test."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from tests.memory.asking import change
from tests.memory.waits import answers, asking
from tests.stack import Stack, running

__all__ = ["answers", "asking"]


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """LeadMagic is asked first; it has time enough where a test lets it wait. Findymail gives no verdict, so
    Hunter is asked for one."""
    overlay: dict[str, Any] = {
        "PROVIDERS__LEADMAGIC__TIMEOUT": "25",
        "SERVER__RATE_LIMIT": "100000",
        "PRICES__REUSED": "0.5",
        "WATERFALL__ORDER__EMAIL": "leadmagic,findymail",
        "VERIFICATION__ORDER": "hunter",
    }
    with running(tmp_path_factory.mktemp("stack"), **overlay) as made:
        yield made


@pytest_asyncio.fixture
async def stack(module_stack: Stack) -> AsyncIterator[Stack]:
    """The module's stack, with nothing scripted, no calls counted, no breaker open and nothing remembered."""
    module_stack.close_breakers()
    await module_stack.control("_control/reset")
    await module_stack.control("_control/latency", ms=0)
    change(module_stack, "DELETE FROM answers")
    change(module_stack, "DELETE FROM suppressions")
    yield module_stack
