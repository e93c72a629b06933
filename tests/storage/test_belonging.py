"""What root does beside the database of a service leaves everything to that service."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrace.domain.errors import Problem
from headrace.storage import belonging, rotation
from headrace.storage import vault as module
from headrace.storage.errors import Unusable
from headrace.storage.opening import keys_beside
from headrace.storage.rotation import Rotation
from headrace.storage.sealing import new_key
from headrace.storage.vault import KeyFile, write_keys
from tests.storage.backends import SqliteBackend
from tests.storage.making import account, settlement
from tests.storage.processes import Child
from tests.storage.users import GROUP, SERVICE, hand_over, home, owners

OLD, NEW = new_key(), new_key()


@pytest.fixture
def service() -> Iterator[SqliteBackend]:
    """A database with all that is beside it, of a user who is not root."""
    with home() as folder:
        backend = SqliteBackend(folder)
        backend.open().close()
        hand_over(folder)
        yield backend


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it takes a server to look at its keys."""
    monkeypatch.setattr(rotation, "SEEN", 1.2)
    monkeypatch.setattr(rotation, "_WRITTEN", 0.0)


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are looked at whenever they are used."""
    monkeypatch.setattr(module, "_LOOK_AGAIN", -1.0)


@pytest.mark.usefixtures("quick")
async def test_root_rotates_the_keys_of_a_running_service_and_nothing_is_lost(service: SqliteBackend) -> None:
    storage = service.open()
    acme = await account(storage, credits=10_000)
    with Child("settle_as", service.url, str(SERVICE), acme.id) as server:
        assert server.line() == "ready"
        server.go()
        stored = [server.line()]
        turning = Rotation(storage.database, storage.vault, storage.owner.fence, storage.audit_log)
        rotated = await turning.rotate("operator")
        server.go()
        stored.append(server.line())

    assert (rotated.retired, rotated.late) == (1, 0)
    assert owners(service.path.parent)["headrace.db.seal"] == (SERVICE, GROUP)
    assert keys_beside(service.path).stat().st_mode & 0o777 == 0o600
    for enrichment_id in stored:
        assert await storage.enrichments.get(enrichment_id, acme.id), "it opens with the new key"
    storage.close()


async def test_a_command_of_root_leaves_nothing_that_the_service_cannot_use(service: SqliteBackend) -> None:
    for name in ("key", "seal"):
        service.path.with_name(f"headrace.db.{name}").unlink()
    service.path.with_name("headrace.db.owners").rmdir()
    storage = service.open()
    await account(storage)
    await storage.owner.take_seat("process")
    async with storage.owner.fence("rotate-keys"):
        left = owners(service.path.parent)
    storage.close()

    assert {"headrace.db.key", "headrace.db.seal", "headrace.db-wal", "headrace.db-shm"} < set(left)
    assert {"headrace.db.owners/seat-rotate-keys", f"headrace.db.owners/{storage.owner.id}"} < set(left)
    assert set(left.values()) == {(SERVICE, GROUP)}


async def test_a_command_of_root_gives_away_only_what_it_has_made(
    service: SqliteBackend, tmp_path: Path
) -> None:
    """Whoever owns the folder can have put anything there."""
    valuable = tmp_path / "valuable"
    valuable.touch()
    before = valuable.stat()
    owners_of_holds = service.path.with_name("headrace.db.owners")
    owners_of_holds.joinpath("seat-rotate-keys").symlink_to(valuable)
    os.link(valuable, owners_of_holds / "seat-process-0")
    storage = service.open()
    await storage.owner.take_seat("process")
    with pytest.raises(OSError, match="symbolic links"):
        async with storage.owner.fence("rotate-keys"):
            pass
    storage.close()
    after = valuable.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)

    owners_of_holds.joinpath("seat-rotate-keys").unlink()
    owners_of_holds.joinpath("seat-process-0").unlink()
    owners_of_holds.rmdir()
    (tmp_path / "folder").mkdir()
    owners_of_holds.symlink_to(tmp_path / "folder")
    service.open().close()
    assert (tmp_path / "folder").stat().st_uid == os.geteuid()


def test_a_service_starts_beside_what_root_left_and_buries_only_the_dead(service: SqliteBackend) -> None:
    folder = service.path.with_name("headrace.db.owners")
    for name, mode in (("dead", 0o644), ("closed", 0)):
        folder.joinpath(name).touch()
        folder.joinpath(name).chmod(mode)
    with Child("bury_as", service.url, str(SERVICE)) as server:
        assert server.line() == "dead", "nobody knows of the other one"
        assert server.wait() == 0
    assert [path.name for path in folder.iterdir()] == ["closed"]


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_replaced_key_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "headrace.db.seal"
    write_keys(path, [OLD])
    path.chmod(mode)
    write_keys(path, [NEW, OLD])

    assert path.stat().st_mode & 0o777 == mode
    assert KeyFile(path, may_make=False).keys() == (NEW, OLD)


def test_a_key_file_that_would_change_its_owner_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with home() as folder:
        path = folder / "headrace.db.seal"
        write_keys(path, [OLD])  # by whoever runs the tests, in the other user's folder
        if os.geteuid() == 0:
            with Child("replace_keys_as", str(path), str(SERVICE)) as child:
                said = child.line()
        else:
            monkeypatch.setattr(belonging, "keep", _refuse)
            with pytest.raises(Unusable) as refused:
                write_keys(path, [NEW])
            said = str(refused.value)

        assert "belongs to another user" in said
        assert path.read_bytes().split() == [OLD]
        assert [each.name for each in folder.iterdir()] == [path.name]


def _refuse(*_: object) -> None:
    raise PermissionError


@pytest.mark.usefixtures("watchful")
@pytest.mark.parametrize(
    "harm", [Path.unlink, lambda path: path.chmod(0o644), lambda path: path.write_text("no key")]
)
async def test_a_server_that_cannot_read_its_keys_begins_nothing_until_it_can(
    sqlite: SqliteBackend, harm: Callable[[Path], object]
) -> None:
    storage = sqlite.open()
    acme = await account(storage, credits=10_000)
    for name in ("before", "under way"):
        await storage.ledger.hold(name, acme.id, 1_000)
    await storage.ledger.settle(settlement("before", acme.id, 100))
    path = keys_beside(sqlite.path)
    kept = path.read_bytes().split()
    path.write_bytes(b"")  # it changes, and what it says now
    harm(path)

    assert not await storage.answers()
    with pytest.raises(Problem, match="storage_unavailable"):
        await storage.ledger.hold("new", acme.id, 1_000)
    with pytest.raises(Problem, match="storage_unavailable"):
        await storage.ledger.settle(settlement("under way", acme.id, 100))
    assert await storage.enrichments.get("before", acme.id), "what was sealed before can be read"

    path.unlink(missing_ok=True)
    write_keys(path, [NEW, *kept])
    assert await storage.answers()
    await storage.ledger.settle(settlement("under way", acme.id, 100))
    stored = sqlite.rows("SELECT record FROM enrichments WHERE id = 'under way'")[0][0]
    assert storage.vault.is_newest(stored)
    storage.close()
