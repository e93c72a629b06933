"""The schema: made, migrated, private, and equal to what the code believes."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from headrace.storage import schema
from headrace.storage.errors import Unusable
from headrace.storage.tables import metadata
from tests.storage.backends import Backend, SqliteBackend, new_backend
from tests.storage.making import account
from tests.storage.migrating import SCRIPTS, alembic, engine_for, shape
from tests.storage.opened import location_of, opened
from tests.storage.processes import Child


def test_a_new_file_is_brought_to_the_newest_revision_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "headrace.db"
    assert schema.current(path) is None

    assert schema.upgrade(path)
    assert schema.current(path) == schema.HEAD
    assert not schema.upgrade(path)


def test_the_newest_revision_is_the_one_that_the_code_asks_for(tmp_path: Path) -> None:
    assert ScriptDirectory.from_config(alembic(tmp_path / "x.db")).get_heads() == [schema.HEAD]


def test_all_migrations_are_one_transaction(fresh: Backend) -> None:
    """Between two of them, a second process would make the same tables."""
    location = location_of(fresh.url)
    with ThreadPoolExecutor(1) as apart:
        upgrading = apart.submit(schema.upgrade, location)
        seen = {schema.current(location)}
        while not upgrading.done():
            seen.add(schema.current(location))
        assert upgrading.result()
    assert seen <= {None, schema.HEAD}


def test_migrations_can_be_undone_to_nothing_and_done_again(fresh: Backend) -> None:
    location = location_of(fresh.url)
    assert schema.upgrade(location)
    before = shape(location)

    command.downgrade(alembic(location), "base")
    assert shape(location) == {}
    assert schema.current(location) is None
    assert schema.upgrade(location)
    assert shape(location) == before


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_migrations_lead_to_the_tables_that_the_code_describes(kind: str, tmp_path: Path) -> None:
    (tmp_path / "described").mkdir()
    with (
        new_backend(kind, tmp_path) as migrated,
        new_backend(kind, tmp_path / "described") as described,
        engine_for(location_of(described.url)) as engine,
    ):
        schema.upgrade(location_of(migrated.url))
        metadata.create_all(engine)

        command.check(alembic(location_of(migrated.url)))
        assert shape(location_of(migrated.url)) == shape(location_of(described.url))


def test_migrations_travel_in_the_package() -> None:
    assert (SCRIPTS / "env.py").is_file()
    assert (SCRIPTS / "script.py.mako").is_file()
    assert [each.name for each in (SCRIPTS / "versions").iterdir() if each.name.startswith(schema.HEAD)]


def test_processes_that_upgrade_one_new_database_at_once_all_succeed(fresh: Backend) -> None:
    with ExitStack() as stack:
        children = [stack.enter_context(Child("upgrade", fresh.url)) for _ in range(3)]
        assert {child.line() for child in children} == {"ready"}
        for child in children:
            child.go()
        assert [child.line() for child in children] == [schema.HEAD] * 3
        assert [child.wait() for child in children] == [0] * 3


def test_upgrading_keeps_what_is_stored(backend: Backend) -> None:
    storage = backend.open()
    asyncio.run(account(storage, credits=5_000))
    storage.close()
    schema.upgrade(location_of(backend.url))

    assert backend.rows("SELECT name, available FROM accounts") == [("acme", 5_000)]


@pytest.fixture
def _careless() -> Iterator[None]:
    """A process that would let everybody read its files."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_careless")
async def test_only_the_owner_may_read_the_files(sqlite: SqliteBackend) -> None:
    storage = sqlite.open()
    await account(storage)

    modes = {path.name: path.stat().st_mode & 0o777 for path in sqlite.path.parent.iterdir()}
    assert modes == {
        "headrace.db": 0o600,
        "headrace.db-wal": 0o600,
        "headrace.db-shm": 0o600,
        "headrace.db.key": 0o600,
        "headrace.db.seal": 0o600,
        "headrace.db.owners": 0o700,
    }
    storage.close()


@pytest.mark.usefixtures("_careless")
def test_a_file_that_others_could_read_is_made_private_by_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "headrace.db"
    path.touch(0o666)
    schema.upgrade(path)

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "folder", ["with space", "100%", "%(here)s", "what?mode=memory", "a#b", "é", "a&b=c"]
)
def test_a_path_may_contain_any_character(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "headrace.db"
    storage = opened(f"sqlite:///{path}")

    assert schema.current(path) == schema.HEAD
    assert asyncio.run(storage.audit()).balanced
    storage.close()
    assert [each.name for each in tmp_path.iterdir()] == [folder]


def test_a_file_that_is_no_database_is_an_error_that_names_it_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)

    with pytest.raises(Unusable, match=r"notes\.txt: file is not a database"):
        schema.upgrade(path)
    assert path.read_text() == "These are my notes. " * 100


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=str(tmp_path)):
        schema.upgrade(tmp_path)


def test_a_place_that_cannot_be_written_is_an_error_that_names_it() -> None:
    with pytest.raises(Unusable, match=r"/proc/nothing/headrace\.db"):
        schema.upgrade(Path("/proc/nothing/headrace.db"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@127.0.0.1:1/headrace",
        "postgresql://ann@127.0.0.1:1/headrace?password=secret",
        "postgresql://ann:secret@/headrace?host=/nowhere",
    ],
)
def test_a_server_that_cannot_be_reached_is_an_error_that_names_it_and_no_password(url: str) -> None:
    with pytest.raises(Unusable, match=r"headrace: .") as refused:
        schema.upgrade(url)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_schema_of_a_newer_version_is_an_error_that_says_so(backend: Backend) -> None:
    backend.tamper("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(Unusable, match="9999, was made by a newer Headrace"):
        schema.upgrade(location_of(backend.url))
    assert backend.rows("SELECT version_num FROM alembic_version") == [("9999",)]


def test_tables_of_another_application_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE accounts (mine TEXT)")
    connection.close()

    with pytest.raises(Unusable, match=r"other\.db: .*accounts"):
        schema.upgrade(path)
    assert list(shape(path)) == ["accounts"]
