"""Which process holds credits, and whether it still lives."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Protocol

from headrace.engine.ids import new_id
from headrace.storage import belonging
from headrace.storage.errors import Unusable

_LOOK_AGAIN = 0.05
"""Seconds between two looks at a fence that somebody is inside of."""


class Owner(Protocol):
    """This process's mark on its holds: a lock that ends with the process, however it ends, so that a dead
    owner is recognised without heartbeats or clocks."""

    id: str

    async def dead(self, holding: Iterable[str]) -> set[str]:
        """Those among `holding`, and any others known, that no longer live."""
        ...

    async def is_alive(self, name: str) -> bool:
        """Whether some process has the lock `name`."""
        ...

    async def take_seat(self, prefix: str) -> str:
        """The first free one of `prefix-0`, `prefix-1`, ...: a name that a restarted process gets again."""
        ...

    async def leave_seat(self, name: str) -> None:
        """Let another process have it."""
        ...

    def fence(self, name: str) -> AbstractAsyncContextManager[None]:
        """Inside it there is one process at a time."""
        ...

    def bury(self, owner_id: str) -> None:
        """Forget a dead owner."""
        ...

    def close(self) -> None: ...


class FileOwner:
    """Locked files beside the database, for processes of one machine; they belong to whom `beside` does, the
    database file. Raises `Unusable`."""

    def __init__(self, directory: Path, beside: Path | None = None) -> None:
        self.id = new_id()
        self._directory = directory
        self._beside = beside or directory.parent
        try:
            self._file = self._locked()
        except OSError as error:
            raise Unusable(f"{directory}: {error.strerror}") from None
        self._seats: dict[str, TextIOWrapper] = {}

    def _locked(self) -> TextIOWrapper:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        belonging.follow(self._directory, self._beside)
        hidden = self._directory / f".{self.id}"
        file = self._opened(hidden)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(self._directory / self.id)  # others see it locked or not at all
        return file

    async def dead(self, holding: Iterable[str]) -> set[str]:
        left = {path.name for path in self._directory.glob("[!.]*") if not path.name.startswith("seat-")}
        return {owner for owner in left | set(holding) if self._is_free(owner)}

    async def is_alive(self, name: str) -> bool:
        return not self._is_free(name)

    async def take_seat(self, prefix: str) -> str:
        number = 0
        while True:
            name = f"seat-{prefix}-{number}"
            file = self._opened(self._directory / name)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                number += 1
            else:
                self._seats[name] = file
                return name

    async def leave_seat(self, name: str) -> None:
        self._seats.pop(name).close()

    @asynccontextmanager
    async def fence(self, name: str) -> AsyncIterator[None]:
        with self._opened(self._directory / f"seat-{name}") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await asyncio.sleep(_LOOK_AGAIN)
                else:
                    break
            yield

    def bury(self, owner_id: str) -> None:
        (self._directory / owner_id).unlink(missing_ok=True)

    def close(self) -> None:
        self.bury(self.id)
        self._file.close()
        for seat in self._seats.values():
            seat.close()

    def _opened(self, path: Path) -> TextIOWrapper:
        """To be locked, which takes no right to write: the file may be one that root left."""
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        belonging.follow(file.fileno(), self._beside)
        return file

    def _is_free(self, name: str) -> bool:
        try:
            with (self._directory / name).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True
