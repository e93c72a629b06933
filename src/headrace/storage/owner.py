"""Which process holds credits, and whether it still lives."""

import fcntl
from pathlib import Path

from headrace.engine.ids import new_id


class Owner:
    """This process's mark on its holds: a locked file beside the database.

    The kernel drops the lock when the process ends, however it ends, so a dead owner is recognised at once,
    without heartbeats or clocks.
    """

    def __init__(self, directory: Path) -> None:
        self.id = new_id()
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        hidden = directory / f".{self.id}"
        self._file = hidden.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(directory / self.id)  # others see it locked or not at all

    def dead(self) -> set[str]:
        """The owners that have left a file and no longer live."""
        return {path.name for path in self._directory.glob("[!.]*") if self.is_dead(path.name)}

    def is_dead(self, owner_id: str) -> bool:
        """Whether no process holds `owner_id`'s lock any more."""
        path = self._directory / owner_id
        try:
            with path.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True

    def bury(self, owner_id: str) -> None:
        """Forget a dead owner."""
        (self._directory / owner_id).unlink(missing_ok=True)

    def close(self) -> None:
        self.bury(self.id)
        self._file.close()
