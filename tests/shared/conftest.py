"""A Valkey for the module, and processes of a fleet that are really one."""

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import pytest

from headrace.engine.clock import SystemClock
from headrace.shared.connect import connect
from headrace.shared.store import Shared, local
from tests.servers import valkey

PATIENCE = 30.0
"""Seconds: these tests are about what is shared, not about a busy machine."""


class Member(Protocol):
    """Makes one more process of the fleet, or of one that is elsewhere."""

    def __call__(self, at: str | None = None) -> Shared: ...


Pair = tuple[Shared, Shared]


@pytest.fixture(scope="package")
def valkey_url() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
def key() -> str:
    """One that nobody else uses."""
    return f"test:{secrets.token_hex(8)}"


@pytest.fixture
async def join(valkey_url: str) -> AsyncIterator[Member]:
    """Processes that share one Valkey."""
    members: list[Shared] = []

    def one_more(at: str | None = None) -> Shared:
        members.append(connect(at or valkey_url, SystemClock(), PATIENCE))
        members[-1].start()
        return members[-1]

    yield one_more
    for member in members:
        await member.aclose()


@pytest.fixture(params=["memory", "valkey"])
async def pair(request: pytest.FixtureRequest, join: Member) -> Pair:
    """Two that share: parts of one process in memory, or two processes over Valkey."""
    if request.param == "memory":
        alone = local(SystemClock())
        return alone, alone
    return join(), join()
