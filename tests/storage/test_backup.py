"""A copy of the database file that can be taken while others write, and put in its place."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from headrace.storage.backup import back_up
from headrace.storage.errors import Unusable
from headrace.storage.opening import Storage
from tests.cli.running import Here, config_file
from tests.storage.backends import SqliteBackend
from tests.storage.making import account
from tests.storage.opened import opened


@pytest.fixture
async def storage(sqlite: SqliteBackend) -> Storage:
    made = sqlite.open()
    await account(made, credits=1_000_000)
    return made


async def test_a_copy_is_taken_in_the_middle_of_writing(
    storage: Storage, sqlite: SqliteBackend, tmp_path: Path
) -> None:
    payer = await storage.accounts.get("acme")
    copied = asyncio.create_task(asyncio.to_thread(back_up, sqlite.path, tmp_path / "backup.db"))
    holds = 0
    while not copied.done() or holds < 50:
        holds += 1
        await storage.ledger.hold(f"e{holds}", payer.id, 1_000)
    size = await copied
    storage.close()

    copy = tmp_path / "backup.db"
    assert copy.stat().st_size == size
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [name for name in os.listdir(tmp_path) if "backup" in name] == ["backup.db"]
    for name in ("key", "seal"):
        shutil.copy(f"{sqlite.path}.{name}", f"{copy}.{name}")
    restored = opened(f"sqlite:///{copy}")
    audited = await restored.audit()
    assert audited.balanced
    assert audited.available == 1_000_000 - audited.held
    assert (await restored.accounts.get("acme")).id == payer.id
    restored.close()


async def test_nothing_is_overwritten_and_no_half_is_left(
    storage: Storage, sqlite: SqliteBackend, tmp_path: Path
) -> None:
    there = tmp_path / "there.db"
    there.write_text("precious")
    with pytest.raises(Unusable, match=r"there\.db: is there already"):
        back_up(sqlite.path, there)
    assert there.read_text() == "precious"
    with pytest.raises(Unusable, match=r"copy\.db: No such file or directory"):
        back_up(sqlite.path, tmp_path / "nowhere" / "copy.db")
    with pytest.raises(Unusable, match=r"missing\.db: is not there"):
        back_up(tmp_path / "missing.db", tmp_path / "copy.db")
    storage.close()
    sqlite.path.write_bytes(b"no database" * 1000)
    with pytest.raises(Unusable, match=r"copy\.db: file is not a database"):
        back_up(sqlite.path, tmp_path / "copy.db")
    assert not [name for name in os.listdir(tmp_path) if "copy" in name]


def test_the_command_says_where_it_is_and_refuses_a_server(tmp_path: Path) -> None:
    here = Here(config_file(tmp_path))
    here.json("accounts", "create", "acme")
    to = str(tmp_path / "backup.db")
    told = here.json("db", "backup", to)
    assert told == {"backup": to, "bytes": Path(to).stat().st_size}
    here.config.write_text('[database]\nurl = "postgresql://nobody:secret@127.0.0.1:9/none"\n')
    with pytest.raises(AssertionError, match="pg_dump") as refused:
        here.says("db", "backup", f"{to}.2")
    assert "secret" not in str(refused.value)
