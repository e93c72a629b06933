"""One writer, many callers, one commit."""

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from typing import Any, TypedDict, Unpack, cast

import pytest

from headrace.domain.errors import Problem
from headrace.storage import sqlite_writer as writing
from headrace.storage.database import BATCH, Operation, Statement, Steps
from headrace.storage.sqlite import SqliteDatabase
from tests.storage.backends import SqliteBackend


class Gate:
    """An operation that keeps the writer busy until it is opened, so that others queue up behind it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> Steps[int]:
        yield Statement("SELECT 1", {})
        self.reached.set()
        assert self.open.wait(60)
        return 0


def note(text: str) -> Operation[int]:
    """Writes one row; returns its id."""

    def operation() -> Steps[int]:
        rows = yield Statement("INSERT INTO notes (text) VALUES (:text) RETURNING id", {"text": text})
        return int(rows[0][0])

    return operation


def fail() -> Steps[int]:
    """Writes, and then thinks better of it."""
    yield from note("half")()
    raise ValueError("no")


def ask(*statements: str) -> Operation[list[object]]:
    """What one statement after another says first."""

    def operation() -> Steps[list[object]]:
        said = []
        for statement in statements:
            rows = yield Statement(statement, {})
            said.append(rows[0][0] if rows else None)
        return said

    return operation


def sizes_of_batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many operations each transaction from now on has."""
    sizes: list[int] = []
    transact = writing._transact

    def counted(connection: sqlite3.Connection, batch: list[Any]) -> None:
        sizes.append(len(batch))
        transact(connection, batch)

    monkeypatch.setattr(writing, "_transact", counted)
    return sizes


def texts(sqlite: SqliteBackend) -> list[str]:
    """The rows that are committed."""
    return [row[0] for row in sqlite.rows("SELECT text FROM notes ORDER BY id")]


class How(TypedDict, total=False):
    """See `Database.write`."""

    crowd: bool
    fleeting: bool


WAYS: dict[str, How] = {
    "on the thread": {},
    "on the loop": {"crowd": True},
    "committed on the loop": {"crowd": True, "fleeting": True},
}


@pytest.fixture(params=WAYS.values(), ids=list(WAYS))
def how(request: pytest.FixtureRequest) -> How:
    """What is said of the writes, which decides where they are carried out and committed."""
    return cast(How, request.param)


async def queued(
    database: SqliteDatabase, gate: Gate, *operations: Operation[int], **how: Unpack[How]
) -> list["asyncio.Task[int]"]:
    """Tasks whose operations all wait behind the gate."""
    blocked = asyncio.create_task(database.write(gate))
    await asyncio.to_thread(gate.reached.wait, 60)
    waiting = [asyncio.create_task(database.write(operation, **how)) for operation in operations]
    await asyncio.sleep(0)  # each task runs up to its place in the queue
    return [blocked, *waiting]


async def test_a_failing_operation_in_a_batch_fails_alone(
    database: SqliteDatabase, sqlite: SqliteBackend, how: How
) -> None:
    gate = Gate()
    tasks = await queued(database, gate, note("a"), fail, note("b"), note("a"), note("c"), **how)
    gate.open.set()

    results = await asyncio.gather(*tasks[1:], return_exceptions=True)

    assert [type(result) for result in results] == [int, ValueError, int, sqlite3.IntegrityError, int]
    assert texts(sqlite) == ["a", "b", "c"]


async def test_a_result_comes_only_after_the_commit(database: SqliteDatabase, sqlite: SqliteBackend) -> None:
    first, second = Gate(), Gate()
    _, noted, held_up = await queued(database, first, note("a"), second)
    first.open.set()
    await asyncio.to_thread(second.reached.wait, 60)  # the note is written now, and not committed

    assert not noted.done()
    assert texts(sqlite) == []

    seen: list[list[str]] = []
    noted.add_done_callback(lambda _: seen.append(texts(sqlite)))
    second.open.set()
    await asyncio.gather(noted, held_up)
    assert seen == [["a"]]


async def test_what_waits_together_is_committed_together(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = sizes_of_batches(monkeypatch)
    gate = Gate()
    tasks = await queued(database, gate, *(note(str(number)) for number in range(BATCH + 44)))
    gate.open.set()
    await asyncio.gather(*tasks)

    assert batches == [1, BATCH, 44]


async def test_one_that_fails_costs_its_neighbours_one_more_commit(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = sizes_of_batches(monkeypatch)
    gate = Gate()
    tasks = await queued(database, gate, fail, *(note(str(number)) for number in range(20)), fail)
    gate.open.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert batches == [1, 22, 20, 1, 1]


async def test_every_thread_with_a_loop_of_its_own_gets_its_own_results(
    database: SqliteDatabase, sqlite: SqliteBackend, how: How
) -> None:
    async def work(worker: int) -> list[int]:
        ids = []
        for number in range(10):
            some = [note(f"{worker}/{number}/{each}") for each in range(5)]
            batch = [database.write(operation, **how) for operation in some]
            ids += await asyncio.gather(*batch)
            for each in ids[-5:]:
                rows = await database.read("SELECT text FROM notes WHERE id = :id", {"id": each})
                assert rows[0][0].startswith(f"{worker}/{number}/")
        return ids

    def go(worker: int) -> list[int]:
        return asyncio.run(work(worker))

    with ThreadPoolExecutor(8) as pool:
        found = [await asyncio.wrap_future(each) for each in [pool.submit(go, each) for each in range(8)]]

    assert sorted(id_ for ids in found for id_ in ids) == list(range(1, 401))
    assert len(texts(sqlite)) == 400


async def test_a_read_sees_the_last_commit_although_another_thread_is_still_reading(
    database: SqliteDatabase,
) -> None:
    reading, enough = threading.Event(), threading.Event()

    def linger() -> int:
        reading.set()
        enough.wait(60)
        return 0

    database._reader.create_function("linger", 0, linger)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(database.look, "SELECT linger() FROM sqlite_master LIMIT 1", {})
        await asyncio.to_thread(reading.wait, 60)
        await database.write(note("new"))
        quick = pool.submit(database.look, "SELECT text FROM notes", {})
        wait([quick], timeout=0.5)  # it may answer now, or once the other has; but not with what was before
        enough.set()
        assert [row["text"] for row in quick.result()] == ["new"]
        assert len(slow.result()) == 1


async def test_a_caller_that_goes_away_neither_undoes_its_write_nor_stops_the_writer(
    database: SqliteDatabase, sqlite: SqliteBackend, how: How
) -> None:
    gate = Gate()
    _, gone = await queued(database, gate, note("kept"), **how)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    gate.open.set()

    await database.write(note("next"))
    assert texts(sqlite) == ["kept", "next"]


async def test_a_loop_that_is_closed_meanwhile_does_not_stop_the_writer(
    database: SqliteDatabase, sqlite: SqliteBackend, how: How
) -> None:
    gate = Gate()
    loop = asyncio.new_event_loop()

    async def leave() -> None:
        waiting = await queued(database, gate, note("kept"), **how)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    await asyncio.to_thread(loop.run_until_complete, leave())
    loop.close()
    gate.open.set()

    await database.write(note("next"))
    assert texts(sqlite) == ["kept", "next"]


async def test_a_loop_that_is_closed_before_its_turn_does_not_stop_the_writer(
    database: SqliteDatabase, sqlite: SqliteBackend, how: How
) -> None:
    loop = asyncio.new_event_loop()
    leaving = loop.create_task(database.write(note("kept"), **how))

    def leave() -> None:
        loop.call_soon(loop.stop)  # it runs once: up to the write, and not on to what that has set off
        loop.run_forever()
        loop.close()

    await asyncio.to_thread(leave)

    await database.write(note("next"), **how)
    assert texts(sqlite) == ["kept", "next"]
    assert not leaving.done()


async def test_close_finishes_what_is_queued(
    database: SqliteDatabase, sqlite: SqliteBackend, how: How
) -> None:
    gate = Gate()
    tasks = await queued(database, gate, *(note(str(number)) for number in range(10)), **how)
    closing_ = asyncio.create_task(asyncio.to_thread(database.close))
    await asyncio.sleep(0)
    gate.open.set()

    assert await asyncio.gather(*tasks) == [0, *range(1, 11)]
    await closing_
    assert texts(sqlite) == [str(number) for number in range(10)]


async def test_a_closed_database_says_that_it_is_not_available(database: SqliteDatabase) -> None:
    database.close()

    with pytest.raises(Problem, match="storage_unavailable"):
        await database.write(note("late"))
    with pytest.raises(Problem, match="storage_unavailable"):
        await database.read("SELECT 1", {})


async def test_a_database_that_somebody_else_keeps_locked_is_not_available_until_it_is_let_go(
    database: SqliteDatabase, sqlite: SqliteBackend
) -> None:
    await database.write(ask("PRAGMA busy_timeout = 0"))
    with closing(sqlite3.connect(sqlite.path, isolation_level=None)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(Problem, match="storage_unavailable") as refused:
            await database.write(note("a"))
        assert refused.value.retry_after == 1
        assert database.look("SELECT COUNT(*) FROM notes", {})[0][0] == 0
        stranger.execute("ROLLBACK")

    await database.write(note("a"))
    assert texts(sqlite) == ["a"]


async def test_a_write_waits_for_another_process_that_is_writing(
    database: SqliteDatabase, sqlite: SqliteBackend, how: How
) -> None:
    with closing(sqlite3.connect(sqlite.path, isolation_level=None, check_same_thread=False)) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        stranger.execute("INSERT INTO notes (text) VALUES ('theirs')")
        waiting = asyncio.create_task(database.write(note("ours"), **how))
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # it has had its turn
        stranger.execute("COMMIT")
        await waiting

    assert texts(sqlite) == ["theirs", "ours"]


async def test_a_damaged_file_is_reported_as_not_available(
    database: SqliteDatabase, sqlite: SqliteBackend
) -> None:
    await database.write(note("a"))
    sqlite.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    size = sqlite.path.stat().st_size
    with sqlite.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))

    with pytest.raises(Problem, match="storage_unavailable"):
        await database.write(ask("SELECT * FROM accounts"))
    with pytest.raises(Problem, match="storage_unavailable"):
        await database.read("SELECT * FROM accounts", {})


FULL, NORMAL = 2, 1


async def test_every_commit_waits_for_the_disk_unless_it_need_not(database: SqliteDatabase, how: How) -> None:
    names = ("synchronous", "wal_autocheckpoint", "journal_mode", "foreign_keys", "secure_delete")
    asked = ask(*(f"PRAGMA {name}" for name in names))
    expected = [NORMAL, 0] if how.get("fleeting") else [FULL, 4000]

    for _ in range(2):  # whatever the one before was like
        assert await database.write(asked, **how) == [*expected, "wal", 1, 1]
        assert await database.write(asked, crowd=True) == [FULL, 4000, "wal", 1, 1]


async def test_fleeting_operations_are_committed_without_the_thread(
    database: SqliteDatabase, sqlite: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing.Writer, "_hand_over", None)

    await asyncio.gather(*(database.write(note(text), crowd=True, fleeting=True) for text in "abc"))
    assert texts(sqlite) == ["a", "b", "c"]
    await database.write(note("d"), crowd=True, fleeting=True)
    assert texts(sqlite) == ["a", "b", "c", "d"]


async def test_one_that_has_to_last_makes_its_neighbours_wait_for_the_disk(
    database: SqliteDatabase, sqlite: SqliteBackend
) -> None:
    asked = ask("PRAGMA synchronous")
    fleeting, lasting = (
        database.write(asked, crowd=True, fleeting=True),
        database.write(asked, crowd=True),
    )
    assert list(await asyncio.gather(fleeting, lasting)) == [[FULL], [FULL]]
    assert await database.write(note("after"), crowd=True, fleeting=True) == 1
    assert texts(sqlite) == ["after"]


async def test_fleeting_and_lasting_operations_in_a_throng_all_end(
    database: SqliteDatabase, sqlite: SqliteBackend
) -> None:
    async def customer(number: int) -> None:
        for turn in range(10):
            await database.write(note(f"{number}/{turn}"), crowd=True, fleeting=bool((number + turn) % 2))

    await asyncio.gather(*(customer(number) for number in range(20)))
    assert len(texts(sqlite)) == 200


async def test_brief_operations_run_on_their_callers_loop_and_share_a_commit(
    database: SqliteDatabase, sqlite: SqliteBackend
) -> None:
    ran: list[tuple[str, bool]] = []

    def brief(text: str) -> Operation[int]:
        def operation() -> Steps[int]:
            ran.append((threading.current_thread().name, bool(texts(sqlite))))
            return (yield from note(text)())

        return operation

    await asyncio.gather(*(database.write(brief(text), crowd=True) for text in "abc"))

    assert ran == [(threading.current_thread().name, False)] * 3
    assert texts(sqlite) == ["a", "b", "c"]


async def test_after_a_crowd_who_comes_next_shares_a_turn(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def brief(text: str) -> Operation[int]:
        def operation() -> Steps[int]:
            begun.append(text)
            return (yield from note(text)())

        return operation

    monkeypatch.setattr(writing, "_LOST", 3600.0)  # the thread takes no turns
    monkeypatch.setattr(writing, "_GATHER", 3600.0)
    await asyncio.gather(*(database.write(note(text), crowd=True) for text in "abcde"))
    next_ones = [asyncio.create_task(database.write(brief(text), crowd=True)) for text in "fg"]
    for _ in range(100):
        await asyncio.sleep(0)
    assert begun == []

    database._writer._turn()  # as it will be called when the time has come

    assert begun == ["f", "g"]
    assert await asyncio.gather(*next_ones) == [6, 7]


async def test_a_few_do_not_wait_for_more(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch, how: How
) -> None:
    monkeypatch.setattr(writing, "_LOST", 3600.0)
    monkeypatch.setattr(writing, "_GATHER", 3600.0)
    for turn in range(10):
        asked = (database.write(note(f"{turn}{text}"), **how) for text in "abcd")
        assert max(await asyncio.gather(*asked)) == 4 * (turn + 1)


def owe() -> Steps[int]:
    """Refers to what does not exist, which is noticed only by the commit."""
    yield Statement("PRAGMA defer_foreign_keys = ON", {})
    yield Statement("INSERT INTO api_keys (id, account_id, digest, created_at) VALUES ('k', 'no', '', 0)", {})
    return 0


async def test_what_the_commit_refuses_is_refused_alone(
    database: SqliteDatabase, sqlite: SqliteBackend, how: How
) -> None:
    asked = (database.write(operation, **how) for operation in (note("a"), owe, note("b")))

    results = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(result) for result in results] == [int, sqlite3.IntegrityError, int]
    assert texts(sqlite) == ["a", "b"]
    assert sqlite.rows("SELECT * FROM api_keys") == []


async def test_a_loop_that_comes_late_for_its_turn_is_in_nobodys_way(
    database: SqliteDatabase, sqlite: SqliteBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    about_to, go_on = threading.Event(), threading.Event()
    commit = writing.commit

    def later(connection: sqlite3.Connection, batch: list[Any]) -> None:
        about_to.set()
        go_on.wait(60)
        commit(connection, batch)

    monkeypatch.setattr(writing, "commit", later)
    by_the_thread = asyncio.create_task(database.write(note("a")))
    await asyncio.to_thread(about_to.wait, 60)
    by_the_loop = asyncio.create_task(database.write(note("b"), crowd=True))
    await asyncio.sleep(0)
    database._writer._turn()  # as if the thread had gone on without it
    go_on.set()

    assert [await by_the_thread, await by_the_loop] == [1, 2]
    assert texts(sqlite) == ["a", "b"]


async def test_brief_operations_that_come_during_a_commit_are_in_the_next_one(
    database: SqliteDatabase, sqlite: SqliteBackend
) -> None:
    tasks = []
    for number in range(200):
        tasks.append(asyncio.create_task(database.write(note(str(number)), crowd=True)))
        await asyncio.sleep(0)

    assert await asyncio.gather(*tasks) == list(range(1, 201))
    assert len(texts(sqlite)) == 200
