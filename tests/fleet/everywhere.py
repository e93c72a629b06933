"""A pytest plug-in: every `Stack` is a fleet, of which an API process and a worker are killed along the way.

`pytest -p tests.fleet.everywhere tests/compat`
"""

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
"""Connections. Fleets that see fewer stay whole."""

REPORT = pytest.StashKey[list[str]]()

_open = ExitStack()
_killed: list[str] = []


@contextmanager
def running(
    directory: Path, *, vendors: list[str] | None = None, worker: bool = False, **overlay: str
) -> Iterator[stack.Stack]:
    """In the place of `tests.stack.running`. Fleets with equal settings are one, until the tests end."""
    yield _started(json.dumps([vendors or VENDORS, overlay]))


@cache
def _started(settings: str) -> stack.Stack:
    vendors, overlay = json.loads(settings)
    directory = Path(_open.enter_context(tempfile.TemporaryDirectory(prefix="headrace-fleet-")))
    database = _open.enter_context(new_database(_postgres()))
    shared = _open.enter_context(valkey())
    made = _open.enter_context(fleet(directory, database, shared, vendors=vendors, **overlay))
    key = account(directory, made.settings)
    front = _open.enter_context(Balancer(made.urls, lambda number: _kill(made, number)))
    outside = build(made.loaded())  # reads and writes as an operator's command does, and serves nobody
    _open.callback(outside.storage.close)
    return stack.Stack(outside, front.url, made.sandbox_url, key)


def _kill(made: Fleet, number: int) -> None:
    if number == KILL_AFTER:
        made.apis[0].kill()
        made.workers[0].kill()
        _killed.append(f"{made.directory.name}: api-0 and worker-0")


@cache
def _postgres() -> str:
    return _open.enter_context(postgres())


stack.running = running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was killed."""
    for each in _killed:
        terminalreporter.write_line(f"killed in {each}")


def pytest_unconfigure() -> None:
    """Stop every fleet."""
    _open.close()
