"""A process's mark on its holds, and the lock files it leaves."""

import shutil
from pathlib import Path

import pytest

from headrace.storage import owner as module
from headrace.storage.owner import FileOwner
from tests.storage.backends import SqliteBackend
from tests.storage.making import account, crash
from tests.storage.processes import Child


async def test_an_owner_is_alive_in_its_own_process_and_seen_from_another_owner(tmp_path: Path) -> None:
    one, two = FileOwner(tmp_path), FileOwner(tmp_path)

    assert await one.is_alive(one.id)
    assert await one.is_alive(two.id)
    assert await one.dead({one.id, two.id}) == set()
    one.close()
    two.close()


async def test_an_owner_that_closed_is_dead_and_its_file_gone(tmp_path: Path) -> None:
    one, two = FileOwner(tmp_path), FileOwner(tmp_path)
    one.close()

    assert not await two.is_alive(one.id)
    assert await two.dead({one.id}) == {one.id}
    assert names_in(tmp_path) == [two.id]
    two.close()


async def test_an_owner_without_a_file_is_dead(tmp_path: Path) -> None:
    owner = FileOwner(tmp_path)

    assert await owner.dead({"never was"}) == {"never was"}
    owner.bury("never was")
    owner.close()


def test_an_owner_can_close_although_its_file_was_removed(tmp_path: Path) -> None:
    owner = FileOwner(tmp_path)
    (tmp_path / owner.id).unlink()
    owner.close()


async def test_a_new_owner_is_never_seen_unlocked(tmp_path: Path) -> None:
    watcher = FileOwner(tmp_path)
    for _ in range(50):
        newcomer = FileOwner(tmp_path)
        assert await watcher.dead(()) == set()
        newcomer.close()
    watcher.close()


def test_the_folder_of_locks_is_private(tmp_path: Path) -> None:
    owner = FileOwner(tmp_path / "owners")

    assert (tmp_path / "owners").stat().st_mode & 0o777 == 0o700
    owner.close()


async def test_a_killed_process_is_dead_and_the_next_start_removes_its_lock_file(
    sqlite: SqliteBackend,
) -> None:
    storage = sqlite.open()
    locks = sqlite.path.with_name("headrace.db.owners")
    payer = await account(storage, credits=10_000)
    with (
        Child("hold", sqlite.url, payer.id, "1") as holding,
        Child("hold", sqlite.url, payer.id, "0") as idle,
    ):
        owners = {holding.line(), idle.line()}
        assert await storage.owner.dead(()) == set()
        holding.kill()
        idle.kill()

    assert await storage.owner.dead(()) == owners
    assert await storage.ledger.release_abandoned() == 1
    assert names_in(locks) == [storage.owner.id]
    storage.close()
    assert names_in(locks) == []


async def test_a_hold_whose_owner_left_no_file_is_given_back(sqlite: SqliteBackend) -> None:
    first = sqlite.open()
    payer = await account(first, credits=10_000)
    await first.ledger.hold("e1", payer.id, 1_000)
    crash(first)
    sqlite.path.with_name("headrace.db.owners").joinpath(first.owner.id).unlink()

    heir = sqlite.open()
    assert await heir.ledger.release_abandoned() == 1
    heir.close()


async def test_a_seat_is_not_taken_for_an_owner_that_died(tmp_path: Path) -> None:
    one, two = FileOwner(tmp_path), FileOwner(tmp_path)
    seat = await one.take_seat("worker")
    one.close()

    assert await two.dead(()) == set()
    assert not await two.is_alive(seat)
    two.close()


async def test_processes_whose_folder_was_removed_take_nobody_for_dead_and_come_back(
    sqlite: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those who live, nor one that starts before they have come back."""
    folder = sqlite.path.with_name("headrace.db.owners")
    one, two = sqlite.open(), sqlite.open()
    payer = await account(one, credits=10_000)
    holders = [one, two]
    for number, each in enumerate(holders):
        await each.ledger.hold(f"e{number}", payer.id, 1_000)
    seat = await one.owner.take_seat("process")
    shutil.rmtree(folder)
    holders.append(sqlite.open())

    for each in holders:
        assert await each.ledger.release_abandoned() == 0
        assert await each.owner.is_alive(seat) or each is not one
    assert set(names_in(folder)) == {*(each.owner.id for each in holders), seat}
    monkeypatch.setattr(module, "_RETURN", 0.0)  # as if it were long ago
    for each in holders:
        assert await each.ledger.release_abandoned() == 0
    assert await two.owner.is_alive(seat)
    crash(one)
    (folder / one.owner.id).unlink()
    assert await two.ledger.release_abandoned() == 1
    for each in (two, holders[2]):
        each.close()


async def test_who_has_closed_does_not_come_back(tmp_path: Path) -> None:
    owner = FileOwner(tmp_path)
    owner.close()
    await owner.dead(())
    assert names_in(tmp_path) == []


async def test_a_file_that_cannot_be_opened_says_nothing(tmp_path: Path) -> None:
    owner = FileOwner(tmp_path)
    (tmp_path / "a folder").mkdir()

    assert await owner.dead(()) == set()
    owner.bury("a folder")
    owner.close()


def names_in(folder: Path) -> list[str]:
    """What is in a folder."""
    return [path.name for path in folder.iterdir()]
