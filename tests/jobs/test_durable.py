"""Jobs run once at a time, are tried again, and leave nothing behind but names."""

import asyncio
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from headrace.domain.errors import Problem
from headrace.jobs import trying
from headrace.jobs.durable import Durable
from tests.jobs.processes import Child
from tests.jobs.running import enqueue, everything, launched, let_in, query, states, until


class Work:
    """A handler that remembers what it was called for, and lasts as long as the test wants."""

    def __init__(self, *slow: str) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.go_on = asyncio.Event()
        self._slow = slow

    async def __call__(self, subject: str) -> None:
        self.begun.append(subject)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if subject in self._slow:
                await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.append(subject)
            raise
        finally:
            self.at_once -= 1
        self.ended.append(subject)


async def until_succeeded(url: str, times: int) -> None:
    """Returns once the jobs of `one` are so many, and all is well with them."""
    await until(lambda: states(url) == {"one": ["SUCCESS"] * times})


async def test_a_job_runs_in_the_servers_loop(url: str) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def work(subject: str) -> None:
        loops.append(asyncio.get_running_loop())

    async with launched(url, {"work": work}) as durable:
        await enqueue(durable, "work", "one")
        await until(lambda: states(url) == {"one": ["SUCCESS"]})
    assert loops == [asyncio.get_running_loop()]


async def test_a_job_runs_again_when_it_is_enqueued_again(url: str) -> None:
    work = Work()
    async with launched(url, {"work": work}) as durable:
        for times in (1, 2, 3):
            await enqueue(durable, "work", "one")
            await until_succeeded(url, times)
    assert work.ended == ["one"] * 3


async def test_while_one_runs_one_more_waits_however_often_it_is_enqueued(url: str) -> None:
    work = Work("one")
    async with launched(url, {"work": work}) as durable:
        await enqueue(durable, "work", "one")
        await until(lambda: work.begun)
        await asyncio.gather(*(enqueue(durable, "work", "one") for _ in range(10)))
        await enqueue(durable, "work", "other")
        await until(lambda: work.ended == ["other"])
        await enqueue(durable, "work", "another")
        await until(lambda: work.ended == ["other", "another"])  # the queue has been looked through since
        assert states(url)["one"] == ["PENDING", "ENQUEUED"]
        work.go_on.set()
        await until(lambda: states(url)["one"] == ["SUCCESS", "SUCCESS"])
    assert work.begun.count("one") == 2
    assert work.most_at_once == 2  # "one", and the others in turn


async def test_the_same_subject_of_another_job_is_something_else(url: str) -> None:
    slow, quick = Work("one"), Work()
    async with launched(url, {"slow": slow, "quick": quick}) as durable:
        await enqueue(durable, "slow", "one")
        await until(lambda: slow.begun)
        await enqueue(durable, "quick", "one")
        await until(lambda: quick.ended)
        assert not slow.ended


async def test_subjects_run_side_by_side_while_one_hangs(url: str) -> None:
    subjects = [f"s{number}" for number in range(20)]
    work = Work("hanging", *subjects)
    async with launched(url, {"work": work}) as durable:
        await enqueue(durable, "work", "hanging", *subjects)
        await until(lambda: work.at_once == 21)


async def test_a_process_without_handlers_leaves_jobs_to_the_others(url: str) -> None:
    work = Work()
    async with launched(url, {}, "api") as durable:
        await enqueue(durable, "work", "one")
        assert states(url) == {"one": ["ENQUEUED"]}
    async with launched(url, {"work": work}, "worker"):
        await until(lambda: work.ended == ["one"])


async def test_stop_lets_what_runs_finish(url: str) -> None:
    work = Work("one")
    async with launched(url, {"work": work}) as durable:
        await enqueue(durable, "work", "one")
        await until(lambda: work.begun)
        stopping = asyncio.create_task(asyncio.to_thread(durable.stop, 20))
        await asyncio.sleep(0.1)
        assert not stopping.done()
        work.go_on.set()
        await stopping
        assert states(url) == {"one": ["SUCCESS"]}


async def test_what_does_not_finish_in_time_is_cancelled_and_runs_again_after_a_restart(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "PAUSES", (0, 0))  # for who would take it for a failure
    work = Work("one")
    async with launched(url, {"work": work}) as durable:
        await enqueue(durable, "work", "one")
        await until(lambda: work.begun)
    await until(lambda: work.cancelled == ["one"])
    assert states(url) == {"one": ["PENDING"]}
    work.go_on.set()
    async with launched(url, {"work": work}):
        await until(lambda: states(url) == {"one": ["SUCCESS"]})
    assert work.begun == ["one", "one"]


async def test_after_kill_9_only_what_was_not_finished_runs_again(url: str) -> None:
    with Child(url, "one") as child:
        child.say("note finished")
        child.expect("note finished")
        await until(lambda: states(url) == {"finished": ["SUCCESS"]})
        child.say("hang halfway")
        child.expect("hang halfway")
        child.kill()
    work = Work()
    async with launched(url, {"note": work, "hang": work}, "one"):
        await until(lambda: states(url) == {"finished": ["SUCCESS"], "halfway": ["SUCCESS"]})
    assert work.begun == ["halfway"]


async def test_finished_jobs_are_forgotten_when_they_are_old(url: str) -> None:
    work = Work("running")
    async with launched(url, {"work": work}) as durable:
        await enqueue(durable, "work", "one", "two", "running")
        await until(lambda: [*states(url).values()] == [["SUCCESS"], ["SUCCESS"], ["PENDING"]])
        assert await asyncio.to_thread(durable.forget_finished, 3600) == 0
        query(url, "UPDATE {status} SET completed_at = 1 WHERE completed_at IS NOT NULL")
        assert await asyncio.to_thread(durable.forget_finished, 3600) == 2
        assert states(url) == {"running": ["PENDING"]}
        assert "two" not in everything(url)


async def test_a_database_that_is_away_is_said_at_once_and_work_goes_on_when_it_is_back(
    postgres_url: str,
) -> None:
    work = Work("one")
    async with launched(postgres_url, {"work": work}) as durable:
        await enqueue(durable, "work", "one")
        await until(lambda: work.begun)
        let_in(postgres_url, False)
        with pytest.raises(Problem, match="storage_unavailable"):
            await enqueue(durable, "work", "two")
        work.go_on.set()
        await until(lambda: work.ended)
        let_in(postgres_url, True)
        await enqueue(durable, "work", "two")
        await until(lambda: states(postgres_url) == {"one": ["SUCCESS"], "two": ["SUCCESS"]})
    assert work.begun == ["one", "two"]


async def test_without_a_database_launching_fails_and_can_be_tried_again(postgres_url: str) -> None:
    let_in(postgres_url, False)
    durable = Durable(postgres_url, "one", {}, asyncio.get_running_loop())
    with pytest.raises(Problem, match="storage_unavailable"):
        await asyncio.to_thread(durable.launch)
    let_in(postgres_url, True)
    await asyncio.to_thread(durable.launch)
    await asyncio.to_thread(durable.stop, 0)


async def test_it_says_nothing_and_opens_no_port(url: str) -> None:
    with Child(url, "one") as child:
        child.say("note one")
        child.expect("note one")
        connections = psutil.Process(child.process.pid).net_connections("inet")
        assert [one for one in connections if one.status == psutil.CONN_LISTEN] == []
        if url.startswith("sqlite"):
            assert connections == []
        assert child.stop() == ("", "")


async def test_its_file_is_private_and_keeps_a_journal(sqlite_url: str, tmp_path: Path) -> None:
    async with launched(sqlite_url, {}):
        assert query(sqlite_url, "PRAGMA journal_mode") == [{"journal_mode": "wal"}]
        assert stat.S_IMODE((tmp_path / "jobs.db").stat().st_mode) == 0o600


def test_the_engine_is_imported_when_it_is_launched() -> None:
    code = "import sys, headrace.jobs.durable; print({'dbos', 'sqlalchemy', 'psycopg'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"
