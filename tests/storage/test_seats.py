"""Names that a restarted process gets again, and that no two processes have; on every kind of database."""

import asyncio

import pytest

from headrace.storage.opening import Storage
from tests.storage.backends import Backend
from tests.storage.making import crash, until
from tests.storage.processes import Child

pytestmark = pytest.mark.usefixtures("certain")


async def test_seats_are_taken_from_the_first_on_and_by_one_each(storage: Storage, backend: Backend) -> None:
    other = backend.open()

    taken = [await each.owner.take_seat("worker") for each in (storage, other, storage, other)]

    assert taken == [f"seat-worker-{number}" for number in range(4)]
    assert await storage.owner.take_seat("api") == "seat-api-0"
    assert all([await storage.owner.is_alive(seat) for seat in taken])
    other.close()


async def test_whoever_starts_again_gets_the_same_seat(storage: Storage, backend: Backend) -> None:
    assert await storage.owner.take_seat("worker") == "seat-worker-0"
    dying = backend.open()
    assert await dying.owner.take_seat("worker") == "seat-worker-1"
    crash(dying)

    assert not await storage.owner.is_alive("seat-worker-1")
    again = backend.open()
    assert await again.owner.take_seat("worker") == "seat-worker-1"
    assert await storage.owner.is_alive("seat-worker-1")
    again.close()


async def test_a_seat_that_was_left_is_free_for_another(storage: Storage, backend: Backend) -> None:
    seat = await storage.owner.take_seat("worker")
    await storage.owner.leave_seat(seat)

    other = backend.open()
    assert not await other.owner.is_alive(seat)
    assert await other.owner.take_seat("worker") == seat
    assert await storage.owner.take_seat("worker") == "seat-worker-1"
    other.close()


async def test_many_at_once_each_get_a_seat_of_their_own(backend: Backend) -> None:
    processes = [backend.open() for _ in range(4)]

    taken = await asyncio.gather(*(each.owner.take_seat("worker") for each in processes * 2))

    assert sorted(taken) == [f"seat-worker-{number}" for number in range(8)]
    for each in processes:
        each.close()


async def test_a_killed_process_leaves_its_seat_and_the_next_one_takes_it(
    storage: Storage, backend: Backend
) -> None:
    with Child("sit", backend.url, "worker") as first, Child("sit", backend.url, "worker") as second:
        seats = {first: first.line(), second: second.line()}
        assert sorted(seats.values()) == ["seat-worker-0", "seat-worker-1"]
        first.kill()

        async def is_free() -> bool:
            return not await storage.owner.is_alive(seats[first])

        await until(is_free)
        assert await storage.owner.is_alive(seats[second])
        with Child("sit", backend.url, "worker") as third:
            assert third.line() == seats[first]


async def test_one_process_at_a_time_is_inside_a_fence(backend: Backend) -> None:
    processes = [backend.open() for _ in range(3)]
    inside: list[str] = []

    async def work(process: Storage) -> None:
        async with process.owner.fence("reaper"):
            inside.append(process.owner.id)
            await asyncio.sleep(0.01)
            assert inside == [process.owner.id]
            inside.clear()

    await asyncio.gather(*(work(process) for process in processes * 2))
    for process in processes:
        process.close()


async def test_a_fence_is_open_again_once_whoever_was_inside_was_killed(
    storage: Storage, backend: Backend
) -> None:
    with Child("enclose", backend.url, "reaper") as inside:
        assert inside.line() == "inside"
        waiting = asyncio.ensure_future(_enter(storage))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        inside.kill()
        async with asyncio.timeout(30):
            await waiting


async def test_whoever_gives_up_waiting_at_a_fence_leaves_it_to_the_others(
    storage: Storage, backend: Backend
) -> None:
    other = backend.open()
    async with storage.owner.fence("reaper"):
        waiting = asyncio.ensure_future(_enter(other))
        await asyncio.sleep(0.2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(30):
        await _enter(other)
        await _enter(storage)
    other.close()


async def _enter(storage: Storage) -> None:
    async with storage.owner.fence("reaper"):
        pass
