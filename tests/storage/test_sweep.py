"""Looking for dead processes goes on for as long as a process lives."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from headrace.domain.errors import Problem
from headrace.wiring import headrace as module
from headrace.wiring.headrace import Headrace

TROUBLES: list[Exception | None] = [
    OSError(24, "Too many open files", "/home/jane.doe@example.com"),
    OSError(24, "Too many open files"),
    Problem("storage_unavailable"),
    RuntimeError(),
    None,
    OSError(),
    None,
]


class Ledger:
    """Fails in all kinds of ways, and then no more."""

    def __init__(self) -> None:
        self.looks = 0
        self.passed = asyncio.Event()

    async def release_abandoned(self) -> int:
        self.looks += 1
        if self.looks > len(TROUBLES):
            self.passed.set()
        trouble = TROUBLES[min(self.looks, len(TROUBLES)) - 1]
        if trouble:
            raise trouble
        return 0


async def test_whatever_goes_wrong_the_next_look_comes_and_it_is_said_once_a_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_SWEEP_EVERY", 0.0)
    ledger = Ledger()
    process: Any = SimpleNamespace(storage=SimpleNamespace(ledger=ledger))
    with capture_logs() as told:
        sweeping = asyncio.create_task(Headrace._sweep(process))
        passed = asyncio.create_task(ledger.passed.wait())
        await asyncio.wait({sweeping, passed}, return_when=asyncio.FIRST_COMPLETED)
        assert not sweeping.done()
        sweeping.cancel()

    said = [(line["event"], line["error"].split()[0]) for line in told]
    assert said == [
        ("sweep_failed", "OSError"),
        ("sweep_failed", "RuntimeError"),
        ("sweep_failed", "OSError"),
    ]
    assert "jane" not in str(told)
