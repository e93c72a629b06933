"""Who lives, as PostgreSQL's locks tell: noticed within seconds, and never wrong about the living."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from headrace.storage import postgres_owner
from headrace.storage.opening import Storage
from headrace.storage.postgres_batch import lock_number
from headrace.storage.postgres_owner import PostgresOwner
from tests.servers import Postgres, new_database
from tests.storage.backends import PostgresBackend
from tests.storage.making import account, balance, until
from tests.storage.opened import opened
from tests.storage.processes import Child

LOOK = 0.05
"""Seconds between two looks."""

END = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND (CAST(classid AS bigint) << 32) | CAST(objid AS bigint) = :number
"""


async def test_a_killed_process_is_noticed_and_its_holds_come_back_but_nobody_elses(
    fleet: PostgresBackend,
) -> None:
    storage = fleet.open()
    payer = await account(storage, credits=10_000)
    with Child("hold", fleet.url, payer.id, "3") as doomed, Child("hold", fleet.url, payer.id, "2") as safe:
        dead, alive = doomed.line(), safe.line()
        await until(lambda: uptime_is_enough(storage))
        assert await storage.owner.dead({dead, alive}) == set()
        doomed.kill()

        await until(lambda: storage.owner.dead({dead, alive}))

        assert await storage.owner.dead({dead, alive}) == {dead}
        assert await storage.ledger.release_abandoned() == 3
        assert await balance(storage, payer.id) == (8_000, 2_000)
    storage.close()


async def test_an_owner_that_closed_is_dead_after_a_while_and_not_at_the_first_look(
    fleet: PostgresBackend,
) -> None:
    storage, other = fleet.open(), fleet.open()
    await until(lambda: uptime_is_enough(storage))
    other.close()

    assert await storage.owner.dead({other.owner.id}) == set()
    await until(lambda: storage.owner.dead({other.owner.id}))
    storage.close()


async def test_an_owner_is_never_dead_to_itself(fleet: PostgresBackend) -> None:
    storage = fleet.open()
    assert await storage.owner.dead({storage.owner.id}) == set()
    storage.close()


async def test_a_living_owner_whose_connection_is_ended_is_not_declared_dead(
    fleet: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time passes with each look, as fast as it does on a machine that never stands still."""
    clock = SimpleNamespace(now=time.monotonic())
    monkeypatch.setattr(postgres_owner, "time", SimpleNamespace(monotonic=lambda: clock.now))
    watcher, living = fleet.open(), fleet.open()
    seat = await living.owner.take_seat("worker")
    await until(lambda: uptime_is_enough(watcher))
    payer = await account(living, credits=10_000)
    await living.ledger.hold("working", payer.id, 1_000)

    ended, until_then = 0, clock.now + 2 * postgres_owner._CERTAINTY
    while clock.now < until_then:
        for look in range(10):
            if look == 0:
                ended += len(fleet.rows(END, number=lock_number(living.owner.id)))
            assert await watcher.owner.dead({living.owner.id, seat}) == set()
            assert await watcher.ledger.release_abandoned() == 0
            await asyncio.sleep(LOOK)
            clock.now += LOOK
    assert ended > 2

    await until(lambda: watcher.owner.is_alive(seat))
    assert await living.ledger.release("working") == 10_000
    living.close()
    watcher.close()


async def test_an_owner_whose_lock_is_still_with_a_lost_connection_takes_it_as_soon_as_it_can(
    fleet: PostgresBackend,
) -> None:
    watcher, living = fleet.open(), fleet.open()
    await until(lambda: uptime_is_enough(watcher))
    owner = living.owner
    assert isinstance(owner, PostgresOwner)
    lingering, owner._connection = owner._connection, await owner._database.elsewhere(owner._connect())
    assert owner._names == {owner.id: False}

    await owner._database.elsewhere(postgres_owner._end(lingering))
    await until(lambda: has_all_its_locks(owner))

    assert await watcher.owner.dead({owner.id}) == set()
    living.close()
    watcher.close()


@pytest.mark.parametrize("mode", ["immediate", "fast"])
async def test_a_restart_of_the_server_makes_nobody_dead(crashing: Postgres, mode: str) -> None:
    with new_database(crashing.url) as url:
        watcher, living = opened(url), opened(url)
        seats = [await each.owner.take_seat("worker") for each in (watcher, living)]
        await until(lambda: uptime_is_enough(watcher))
        with Child("hold", url, (await account(living, credits=5_000)).id, "1") as elsewhere:
            names = {living.owner.id, elsewhere.line(), *seats}
            await asyncio.to_thread(crashing.restart, mode)

            until_then = time.monotonic() + postgres_owner._RETURN + postgres_owner._CERTAINTY + 1
            while time.monotonic() < until_then:
                assert await watcher.owner.dead(names) == set()
                assert await watcher.ledger.release_abandoned() == 0
                await asyncio.sleep(0.1)

            elsewhere.kill()
            await until(lambda: watcher.owner.dead(names))
        living.close()
        watcher.close()


async def test_no_seat_is_given_away_while_owners_return_after_a_restart(crashing: Postgres) -> None:
    with new_database(crashing.url) as url:
        first = opened(url)
        assert await first.owner.take_seat("worker") == "seat-worker-0"
        await asyncio.to_thread(crashing.restart)
        newcomer = opened(url)

        assert await newcomer.owner.take_seat("worker") == "seat-worker-1"
        newcomer.close()
        first.close()


async def test_a_server_whose_clock_was_set_back_keeps_nobody_from_starting_and_hides_no_death(
    fleet: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its machine may have booted with its clock hours ahead."""
    back = "clock_timestamp() - interval '2 hours'"
    monkeypatch.setattr(postgres_owner, "_UPTIME", postgres_owner._UPTIME.replace("clock_timestamp()", back))
    storage, other = fleet.open(), fleet.open()
    payer = await account(storage, credits=10_000)
    await other.ledger.hold("e1", payer.id, 1_000)

    async with asyncio.timeout(120):  # rather than two hours
        assert await storage.owner.take_seat("process") == "seat-process-0"
        assert await storage.owner.dead({other.owner.id}) == set()
        other.close()
        await until(storage.ledger.release_abandoned, seconds=60)
    assert await balance(storage, payer.id) == (10_000, 0)
    storage.close()


async def test_after_another_start_of_such_a_server_owners_have_time_to_return(
    fleet: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = fleet.open()
    owner = storage.owner
    assert isinstance(owner, PostgresOwner)
    back = postgres_owner._UPTIME.replace("clock_timestamp()", "clock_timestamp() - interval '2 hours'")
    monkeypatch.setattr(postgres_owner, "_UPTIME", back)
    await owner._database.elsewhere(owner._uptime())
    owner._seen_at -= 3_600  # as if it had been at work for an hour
    known = await owner._database.elsewhere(owner._uptime())
    again = back.replace("pg_postmaster_start_time()", "(pg_postmaster_start_time() + interval '1 second')")
    monkeypatch.setattr(postgres_owner, "_UPTIME", again)

    assert known >= 3_600
    assert await owner._database.elsewhere(owner._uptime()) == 0
    storage.close()


async def uptime_is_enough(storage: Storage) -> bool:
    """Whether the server runs for long enough that its locks can be believed."""
    assert isinstance(storage.owner, PostgresOwner)
    return await storage.owner._database.elsewhere(storage.owner._uptime()) > postgres_owner._RETURN


async def has_all_its_locks(owner: PostgresOwner) -> bool:
    return all(owner._names.values())
