"""Nobody who can write to the database but lacks the pepper can change what the log says."""

import asyncio
from contextlib import suppress

import pytest

from headrace.storage.audit_log import _LAST_TO_GO
from headrace.storage.database import Statement, Steps
from headrace.storage.opening import Storage
from tests.storage.backends import Backend

LINES = 30


async def fill(storage: Storage) -> None:
    for number in range(LINES):
        await storage.audit_log.record("operator", "key.create", f"key-{number}")


async def test_lines_come_back_newest_first_page_by_page(storage: Storage) -> None:
    await fill(storage)
    newest = await storage.audit_log.entries(most=10)
    older = await storage.audit_log.entries(most=10, before=newest[-1].id)

    assert [each.subject for each in (*newest, *older)] == [f"key-{number}" for number in range(29, 9, -1)]
    assert [each.id for each in await storage.audit_log.entries(subject="key-3")] == [4]


async def test_an_untouched_log_is_whole(storage: Storage) -> None:
    assert (await storage.audit_log.verify()).broken_at is None
    await fill(storage)
    found = await storage.audit_log.verify()

    assert (found.entries, found.broken_at) == (LINES, None)


async def test_lines_written_at_once_form_one_chain(storage: Storage, backend: Backend) -> None:
    """Also by two processes' worth of connections."""
    other = backend.open()
    try:
        await asyncio.gather(
            *(
                where.audit_log.record("operator", "key.revoke", str(number))
                for number in range(40)
                for where in (storage, other)
            )
        )
        assert (await other.audit_log.verify()).entries == 80
        assert (await storage.audit_log.verify()).broken_at is None
    finally:
        other.close()


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit_log SET subject = 'key-x' WHERE id = 7", 7),
        ("UPDATE audit_log SET actor = 'admin:k' WHERE id = 7", 7),
        ("UPDATE audit_log SET at = at + 1 WHERE id = 7", 7),
        ("UPDATE audit_log SET action = 'key.revoke' WHERE id = 1", 1),
        ("DELETE FROM audit_log WHERE id = 7", 7),
        ("DELETE FROM audit_log WHERE id = 30", 30),
        ("DELETE FROM audit_log WHERE id > 20", 21),
        ("DELETE FROM audit_log WHERE id < 5", 1),
        ("UPDATE audit_log SET id = 99 WHERE id = 30", 30),
        (
            "INSERT INTO audit_log (id, at, actor, action, subject, chain)"
            " SELECT 31, at, actor, action, subject, chain FROM audit_log WHERE id = 30",
            31,
        ),
    ],
)
async def test_what_was_tampered_with_is_found(
    storage: Storage, backend: Backend, tampering: str, broken_at: int
) -> None:
    await fill(storage)
    backend.tamper(tampering)

    assert (await storage.audit_log.verify()).broken_at == broken_at


async def test_a_log_whose_beginning_was_purged_is_whole(storage: Storage) -> None:
    await fill(storage)
    middle = (await storage.audit_log.entries(subject="key-15"))[0].at
    gone = await storage.database.write(lambda: storage.audit_log.forget_before(middle))
    await storage.audit_log.record("operator", "key.create", "after")
    found = await storage.audit_log.verify()

    assert gone == 15
    assert (found.entries, found.broken_at) == (LINES - gone + 1, None)


async def test_of_two_who_purge_at_once_the_slower_one_takes_nothing_back(storage: Storage) -> None:
    """He has read the end of his part, and then the other one forgets more and is done first."""
    await fill(storage)
    early, late = [(await storage.audit_log.entries(subject=f"key-{n}"))[0].at for n in (10, 15)]

    def slower() -> Steps[int]:
        steps = storage.audit_log.forget_before(early)
        step = next(steps)
        with suppress(StopIteration):
            while True:
                rows = yield step
                if isinstance(step, Statement) and step.sql == _LAST_TO_GO:
                    yield from storage.audit_log.forget_before(late)
                step = steps.send(rows)
        return 0

    await storage.database.write(slower)
    found = await storage.audit_log.verify()
    assert (found.entries, found.broken_at) == (LINES - 15, None)


async def test_a_log_that_was_purged_whole_goes_on(storage: Storage, backend: Backend) -> None:
    await fill(storage)
    await storage.database.write(lambda: storage.audit_log.forget_before(float(2**40)))
    await storage.audit_log.record("operator", "key.create", "after")

    assert backend.rows("SELECT id, subject FROM audit_log") == [(LINES + 1, "after")]
    assert (await storage.audit_log.verify()).broken_at is None
