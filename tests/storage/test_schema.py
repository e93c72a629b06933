"""The schema: made, migrated, private, and equal to what the code believes."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine, inspect

from headrace.storage import schema
from headrace.storage.audit import audit
from headrace.storage.errors import Unusable
from headrace.storage.tables import metadata
from tests.storage.backends import SqliteBackend
from tests.storage.making import account
from tests.storage.processes import Child

SCRIPTS = files("headrace.storage") / "migrations"


def alembic(path: Path) -> Config:
    """What `alembic`'s commands need to know."""
    config = Config(attributes={"database": path})
    config.set_main_option("script_location", str(SCRIPTS))
    return config


def shape(path: Path) -> dict[str, Any]:
    """Everything that the inspector can tell about the tables."""
    engine = create_engine(URL.create("sqlite", database=str(path)))
    seen = inspect(engine)
    found = {
        table: {
            "columns": [
                (each["name"], str(each["type"]), each["nullable"], each["default"])
                for each in seen.get_columns(table)
            ],
            "key": seen.get_pk_constraint(table),
            "foreign keys": sorted(seen.get_foreign_keys(table), key=str),
            "unique": sorted(seen.get_unique_constraints(table), key=str),
            "checks": sorted(seen.get_check_constraints(table), key=str),
            "indexes": sorted((_plain(each) for each in seen.get_indexes(table)), key=str),
            "options": seen.get_table_options(table),
        }
        for table in seen.get_table_names()
        if table != "alembic_version"
    }
    engine.dispose()
    return found


def _plain(index: Any) -> dict[str, Any]:
    options = {name: str(value) for name, value in index["dialect_options"].items()}
    return {**index, "dialect_options": options}


def test_a_new_file_is_brought_to_the_newest_revision_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "headrace.db"
    assert schema.current(path) is None

    assert schema.upgrade(path)
    assert schema.current(path) == schema.HEAD
    assert not schema.upgrade(path)


def test_the_newest_revision_is_the_one_that_the_code_asks_for(tmp_path: Path) -> None:
    assert ScriptDirectory.from_config(alembic(tmp_path / "x.db")).get_heads() == [schema.HEAD]


def test_migrations_can_be_undone_to_nothing_and_done_again(tmp_path: Path) -> None:
    path = tmp_path / "headrace.db"
    schema.upgrade(path)
    before = shape(path)

    command.downgrade(alembic(path), "base")
    assert shape(path) == {}
    assert schema.current(path) is None
    assert schema.upgrade(path)
    assert shape(path) == before


def test_migrations_lead_to_the_tables_that_the_code_describes(tmp_path: Path) -> None:
    migrated, described = tmp_path / "migrated.db", tmp_path / "described.db"
    schema.upgrade(migrated)
    engine = create_engine(URL.create("sqlite", database=str(described)))
    metadata.create_all(engine)
    engine.dispose()

    command.check(alembic(migrated))
    assert shape(migrated) == shape(described)


def test_migrations_travel_in_the_package() -> None:
    assert (SCRIPTS / "env.py").is_file()
    assert (SCRIPTS / "script.py.mako").is_file()
    assert [each.name for each in (SCRIPTS / "versions").iterdir() if each.name.startswith(schema.HEAD)]


def test_processes_that_upgrade_one_new_file_at_once_all_succeed(tmp_path: Path) -> None:
    backend = SqliteBackend(tmp_path)
    with ExitStack() as stack:
        children = [stack.enter_context(Child("upgrade", backend.url)) for _ in range(3)]
        assert {child.line() for child in children} == {"ready"}
        for child in children:
            child.go()
        assert [child.line() for child in children] == [schema.HEAD] * 3
        assert [child.wait() for child in children] == [0] * 3


def test_upgrading_keeps_what_is_stored(sqlite: SqliteBackend) -> None:
    storage = sqlite.open()
    asyncio.run(account(storage, credits=5_000))
    storage.close()
    schema.upgrade(sqlite.path)

    assert sqlite.rows("SELECT name, available FROM accounts") == [("acme", 5_000)]


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
    schema.upgrade(path)

    assert schema.current(path) == schema.HEAD
    assert audit(path).balanced
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


def test_the_schema_of_a_newer_version_is_an_error_that_says_so(sqlite: SqliteBackend) -> None:
    sqlite.open().close()
    sqlite.tamper("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(Unusable, match="9999, was made by a newer Headrace"):
        schema.upgrade(sqlite.path)
    assert sqlite.rows("SELECT version_num FROM alembic_version") == [("9999",)]


def test_tables_of_another_application_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE accounts (mine TEXT)")
    connection.close()

    with pytest.raises(Unusable, match=r"other\.db: .*accounts"):
        schema.upgrade(path)
    assert list(shape(path)) == ["accounts"]
