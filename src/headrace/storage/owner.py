"""Which process holds credits, and whether it still lives."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from io import TextIOWrapper
from math import inf
from pathlib import Path
from time import monotonic
from typing import Protocol

from headrace.engine.ids import new_id
from headrace.storage import belonging
from headrace.storage.errors import Unusable

_LOOK_AGAIN = 0.05
"""Seconds between two looks at a fence that somebody is inside of."""

_RETURN = 10.0
"""Where the folder was gone, living processes have so many seconds to make their files again: that somebody's
is missing tells nothing before."""

_TO_LOCK = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


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
        self._made_at = -inf  # when the folder was gone, by the monotonic clock
        try:
            self._file = self._locked()
        except OSError as error:
            raise Unusable(f"{directory}: {error.strerror}") from None
        self._seats: dict[str, TextIOWrapper] = {}

    def _locked(self) -> TextIOWrapper:
        self._make_folder()
        hidden = self._directory / f".{self.id}"
        file = self._opened(hidden)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(self._directory / self.id)  # others see it locked or not at all
        return file

    def _make_folder(self) -> None:
        try:
            self._directory.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            if not self._directory.is_dir():
                raise
        else:
            self._made_at = monotonic()
            made = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            belonging.follow(made, self._beside)
            os.close(made)

    async def dead(self, holding: Iterable[str]) -> set[str]:
        self._come_back()
        left = {path.name for path in self._directory.glob("[!.]*") if not path.name.startswith("seat-")}
        return {owner for owner in (left | set(holding)) - {self.id} if self._is_free(owner)}

    async def is_alive(self, name: str) -> bool:
        self._come_back()
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
        self._come_back()
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
        with suppress(OSError):  # then it is found dead again
            (self._directory / owner_id).unlink()

    def close(self) -> None:
        self.bury(self.id)
        self._file.close()
        for seat in self._seats.values():
            seat.close()

    def _opened(self, path: Path) -> TextIOWrapper:
        """To be locked, which takes no right to write: the file may be one that root left. Nobody else gets
        into the folder."""
        try:
            made = os.open(path, _TO_LOCK | os.O_EXCL, 0o644)
        except FileExistsError:
            return os.fdopen(os.open(path, _TO_LOCK, 0o644))
        belonging.follow(made, self._beside)
        return os.fdopen(made)

    def _come_back(self) -> None:
        """Be seen to live again, where somebody removed the folder or the file in it."""
        if self._file.closed or os.path.exists(self._directory / self.id):
            return
        self._made_at = monotonic()
        with suppress(OSError):  # tried again at the next look
            gone, self._file = self._file, self._locked()
            gone.close()
            for name in self._seats:
                self._sit_again(name)

    def _sit_again(self, name: str) -> None:
        again = self._opened(self._directory / name)
        try:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # it was not gone, or somebody has taken it
            again.close()
        else:
            self._seats[name].close()
            self._seats[name] = again

    def _is_free(self, name: str) -> bool:
        """Not where that cannot be known, as in a file that may not be opened."""
        try:
            with (self._directory / name).open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return monotonic() - self._made_at >= _RETURN
        except OSError:
            return False
        return True
