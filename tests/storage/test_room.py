"""Nothing is begun on a disk that has no room for its end."""

import sqlite3
from pathlib import Path

import pytest

from headrace.domain.errors import Problem
from headrace.storage.room import Room

MORE_THAN_THERE_IS = 1 << 62


def error(code: int) -> sqlite3.Error:
    found = sqlite3.OperationalError("said by the database")
    found.sqlite_errorcode = code
    return found


def test_once_a_write_found_no_room_nothing_is_begun_until_there_is_enough(tmp_path: Path) -> None:
    room = Room(tmp_path, enough=MORE_THAN_THERE_IS)
    room.check()
    room.heard(error(sqlite3.SQLITE_FULL))
    for _ in range(2):
        with pytest.raises(Problem, match="storage_unavailable") as refused:
            room.check()
        assert (refused.value.kind.status, refused.value.retry_after) == (503, 1)


def test_where_there_is_room_again_all_goes_on(tmp_path: Path) -> None:
    room = Room(tmp_path, enough=1)
    room.heard(error(sqlite3.SQLITE_FULL))
    room.check()


@pytest.mark.parametrize("ended", [None, error(sqlite3.SQLITE_BUSY), LookupError()])
def test_other_errors_say_nothing_about_the_disk(tmp_path: Path, ended: BaseException | None) -> None:
    room = Room(tmp_path, enough=MORE_THAN_THERE_IS)
    room.heard(ended)
    room.check()
