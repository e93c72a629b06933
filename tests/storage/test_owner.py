"""A process's mark on its holds, and the lock files it leaves."""

from pathlib import Path

from headrace.storage.owner import Owner
from tests.storage.backends import SqliteBackend
from tests.storage.making import account, crash
from tests.storage.processes import Child


def test_an_owner_is_alive_in_its_own_process_and_seen_from_another_owner(tmp_path: Path) -> None:
    one, two = Owner(tmp_path), Owner(tmp_path)

    assert not one.is_dead(one.id)
    assert not one.is_dead(two.id)
    assert one.dead() == set()
    one.close()
    two.close()


def test_an_owner_that_closed_is_dead_and_its_file_gone(tmp_path: Path) -> None:
    one, two = Owner(tmp_path), Owner(tmp_path)
    one.close()

    assert two.is_dead(one.id)
    assert [path.name for path in tmp_path.iterdir()] == [two.id]
    two.close()


def test_an_owner_without_a_file_is_dead(tmp_path: Path) -> None:
    owner = Owner(tmp_path)

    assert owner.is_dead("never was")
    owner.bury("never was")
    owner.close()


def test_an_owner_can_close_although_its_file_was_removed(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    (tmp_path / owner.id).unlink()
    owner.close()


def test_a_new_owner_is_never_seen_unlocked(tmp_path: Path) -> None:
    watcher = Owner(tmp_path)
    for _ in range(50):
        newcomer = Owner(tmp_path)
        assert watcher.dead() == set()
        newcomer.close()
    watcher.close()


def test_the_folder_of_locks_is_private(tmp_path: Path) -> None:
    owner = Owner(tmp_path / "owners")

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
        assert storage.owner.dead() == set()
        holding.kill()
        idle.kill()

    assert storage.owner.dead() == owners
    assert await storage.ledger.release_abandoned() == 1
    assert [path.name for path in locks.iterdir()] == [storage.owner.id]
    storage.close()
    assert list(locks.iterdir()) == []


async def test_a_hold_whose_owner_left_no_file_is_given_back(sqlite: SqliteBackend) -> None:
    first = sqlite.open()
    payer = await account(first, credits=10_000)
    await first.ledger.hold("e1", payer.id, 1_000)
    crash(first)
    sqlite.path.with_name("headrace.db.owners").joinpath(first.owner.id).unlink()

    heir = sqlite.open()
    assert await heir.ledger.release_abandoned() == 1
    heir.close()
