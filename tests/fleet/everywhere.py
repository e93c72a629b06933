"""A pytest plug-in: every `Stack` is a fleet, of which an API process and a worker are killed along the way.

`pytest -p tests.fleet.everywhere tests/compat`
"""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

from headrace.wiring import build
from tests import stack
from tests.fleet.balancer import Balancer
from tests.fleet.fleet import VENDORS, Fleet, fleet
from tests.fleet.process import account
from tests.servers import new_database, postgres, valkey

KILL_AFTER = 100
"""Connections. A fleet that sees fewer stays whole."""

_until_the_end = ExitStack()
_usual: dict[str, stack.Stack] = {}
_killed: list[str] = []


@contextmanager
def running(
    directory: Path, *, vendors: list[str] | None = None, worker: bool = False, **overlay: str
) -> Iterator[stack.Stack]:
    """In the place of `tests.stack.running`. The settings asked for first are the usual ones: their fleet is
    whole and stays until the tests end. Others are without workers, and end with their block."""
    settings = json.dumps([vendors, overlay])
    if not _usual:
        _usual[settings] = _until_the_end.enter_context(_started(vendors, 2, overlay))
    if settings in _usual:
        yield _usual[settings]
    else:
        with _started(vendors, 2 * worker, overlay) as made:
            yield made


@contextmanager
def _started(vendors: list[str] | None, workers: int, overlay: dict[str, str]) -> Iterator[stack.Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="headrace-fleet-") as directory,
        new_database(_postgres()) as database,
        valkey() as shared,
        fleet(
            Path(directory), database, shared, overlay, vendors=vendors or VENDORS, workers=workers
        ) as made,
        Balancer(made.urls, lambda number: _kill(made, number)) as front,
    ):
        outside = build(made.loaded())  # reads and writes as an operator's command does, and serves nobody
        try:
            one = stack.Stack(outside, front.url, made.sandbox_url, account(made.directory, made.settings))
            asyncio.run(one.control("_control/latency", ms=0))
            yield one
        finally:
            outside.storage.close()


def _kill(made: Fleet, number: int) -> None:
    if number == KILL_AFTER:
        for process in (*made.apis[:1], *made.workers[:1]):
            process.kill()
            _killed.append(process.name)


@cache
def _postgres() -> str:
    return _until_the_end.enter_context(postgres())


stack.running = running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was killed."""
    terminalreporter.write_line(f"killed: {', '.join(_killed)}")


def pytest_unconfigure() -> None:
    """Stop every fleet."""
    _until_the_end.close()
