"""What a dead executor had begun is finished by another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headrace.jobs.reaper import reap
from tests.jobs.processes import Child
from tests.jobs.running import enqueue, launched, query, states, until


class Fleet:
    """Who lives, and a fence that counts those who passed it."""

    def __init__(self, *alive: str) -> None:
        self.alive = set(alive)
        self.passed = 0

    async def is_alive(self, executor: str) -> bool:
        return executor in self.alive

    @asynccontextmanager
    async def fence(self) -> AsyncIterator[None]:
        self.passed += 1
        yield


async def test_a_survivor_finishes_what_a_killed_executor_had_begun(url: str) -> None:
    begun: list[str] = []

    async def work(subject: str) -> None:
        begun.append(subject)

    fleet = Fleet("child", "survivor")
    with Child(url, "child") as child:
        child.say("hang one")
        child.expect("hang one")
        child.say("hang two")
        child.expect("hang two")
        async with launched(url, {"note": work, "hang": work}, "survivor") as survivor:
            assert await reap(survivor, fleet.is_alive, fleet.fence()) == 0
            assert await asyncio.to_thread(survivor.executors) == {"child"}
            child.kill()
            fleet.alive.remove("child")
            assert await reap(survivor, fleet.is_alive, fleet.fence()) == 2
            await until(lambda: states(url) == {"one": ["SUCCESS"], "two": ["SUCCESS"]})
            assert await reap(survivor, fleet.is_alive, fleet.fence()) == 0
    assert sorted(begun) == ["one", "two"]
    assert fleet.passed == 1


async def test_what_was_taken_over_still_excludes_what_is_enqueued_since(url: str) -> None:
    running: list[str] = []
    go_on = asyncio.Event()

    async def work(subject: str) -> None:
        running.append(subject)
        await go_on.wait()
        running.remove(subject)

    with Child(url, "child") as child:
        child.say("hang one")
        child.expect("hang one")
        child.kill()
    fleet = Fleet("survivor")
    async with launched(url, {"hang": work}, "survivor") as survivor:
        await reap(survivor, fleet.is_alive, fleet.fence())
        await until(lambda: running == ["one"])
        await enqueue(survivor, "hang", "one", "other")
        await until(lambda: "other" in running)
        await enqueue(survivor, "hang", "last")
        await until(lambda: "last" in running)  # the queue has been looked through since
        assert running == ["one", "other", "last"]
        go_on.set()
        await until(lambda: states(url)["one"] == ["SUCCESS", "SUCCESS"])


async def test_a_job_whose_claim_was_lost_with_the_connection_runs_after_all(url: str) -> None:
    begun: list[str] = []

    async def work(subject: str) -> None:
        begun.append(subject)
        if subject == "running":
            await asyncio.Event().wait()

    fleet = Fleet("one")
    async with launched(url, {"work": work}, "one") as durable:
        await enqueue(durable, "work", "lost", "running")
        await until(lambda: states(url) == {"lost": ["SUCCESS"], "running": ["PENDING"]})
        query(
            url,
            "UPDATE {status} SET status = 'PENDING', completed_at = NULL, started_at_epoch_ms = 1",
        )
        assert await reap(durable, fleet.is_alive, fleet.fence()) == 1
        await until(lambda: states(url)["lost"] == ["SUCCESS"])
    assert sorted(begun) == ["lost", "lost", "running"]
    assert fleet.passed == 0
