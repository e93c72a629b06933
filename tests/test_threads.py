"""Threads that serve an event loop do not interrupt it."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from headrace.threads import in_the_background

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells such threads apart")


POLICIES = """
import os, sys
from pathlib import Path

{started}
threads = {{int(each) for each in os.listdir("/proc/self/task")}} - {{os.getpid()}}
print(*(os.sched_getscheduler(each) for each in (os.getpid(), *threads)))
sys.stdout.flush()
os._exit(0)
"""
"""How a process's first thread is scheduled, and then those that were started."""


def ran_inside() -> bool:
    """Whether a thread that is started in the background runs."""
    ran = threading.Event()
    with in_the_background():
        thread = threading.Thread(target=ran.set)
        thread.start()
    thread.join()
    return ran.is_set()


@on_linux
@pytest.mark.parametrize(
    "started",
    [
        "from headrace.transport.pyreqwest import PyreqwestTransport; PyreqwestTransport()",
        "from headrace.storage.sqlite import SqliteDatabase; SqliteDatabase(Path('headrace.db'))",
    ],
    ids=["outbound client", "writer"],
)
def test_threads_that_serve_the_loop_wait_for_their_turn(started: str, tmp_path: Path) -> None:
    """In a process of its own, as a client's thread serves all the clients of a process."""
    said = subprocess.run(
        [sys.executable, "-c", POLICIES.format(started=started)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    own, *others = map(int, said.split())
    assert own == os.SCHED_OTHER
    assert set(others) == {os.SCHED_BATCH}


@on_linux
def test_who_starts_them_is_not_held_back_after_an_error_either() -> None:
    with suppress(ZeroDivisionError), in_the_background():
        assert os.sched_getscheduler(0) == os.SCHED_BATCH
        raise ZeroDivisionError
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@on_linux
def test_an_operators_own_way_of_scheduling_stays() -> None:
    def as_idle() -> None:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # of this thread alone
        with in_the_background():
            seen.append(os.sched_getscheduler(0))
        seen.append(os.sched_getscheduler(0))

    seen: list[int] = []
    thread = threading.Thread(target=as_idle)
    thread.start()
    thread.join()
    assert seen == [os.SCHED_IDLE] * 2


def test_where_it_is_forbidden_threads_run_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", forbidden, raising=False)
    assert ran_inside()


def test_where_the_system_knows_no_such_thing_threads_run_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SCHED_BATCH", "sched_setscheduler", "sched_getscheduler", "sched_param"):
        monkeypatch.delattr(os, name, raising=False)
    assert ran_inside()
