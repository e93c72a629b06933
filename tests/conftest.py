"""Fixtures that more than one folder uses."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from headrace import logs
from tests.stack import Stack, running

# How long an example takes says how busy the machine is. What lands is judged by the same examples as the
# change before it; whoever runs the tests by hand tries others each time.
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("patient")

FIRST = ("storage", "privacy", "fleet", "crash", "jobs", "mail")
"""Folders whose tests take longest: begun last, they would leave all processes but one idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.relative_to(Path(__file__).parent).parts[0] not in FIRST)


@pytest.fixture(autouse=True, scope="session")
def _own_environment() -> None:
    """No setting of the machine's may leak into a test."""
    for name in list(os.environ):
        if name.startswith("HEADRACE_"):
            del os.environ[name]
    logs.configure("error", "json")


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for a whole module; `stack` hands it out with a clean sandbox."""
    with running(tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest_asyncio.fixture
async def stack(module_stack: Stack) -> AsyncIterator[Stack]:
    """The module's stack, with nothing scripted, no calls counted, nothing left to do."""
    await module_stack.idle()
    await module_stack.control("_control/reset")
    await module_stack.control("_control/latency", ms=0)
    yield module_stack
