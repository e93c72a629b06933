"""Another user, whose service it is that root's commands meet. Only root can be two; anybody else is one, and
then the tests prove what holds for one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVICE = 65534 if os.geteuid() == 0 else os.geteuid()
"""The user whose files they are."""

GROUP = 65534 if os.geteuid() == 0 else os.getegid()


def become(user: int) -> None:
    """For the rest of this process, with none of root's rights."""
    if user != os.geteuid():
        os.setgroups([])
        os.setegid(GROUP)
        os.seteuid(user)


@contextmanager
def home() -> Iterator[Path]:
    """A folder of that user; pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="headrace-service-"))
    os.chown(folder, SERVICE, GROUP)
    yield folder
    shutil.rmtree(folder)


def hand_over(folder: Path) -> None:
    """Make all that is in it that user's."""
    for path in folder.rglob("*"):
        os.chown(path, SERVICE, GROUP)


def owners(folder: Path) -> dict[str, tuple[int, int]]:
    """To whom what is in it belongs."""
    statuses = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*")}
    return {name: (status.st_uid, status.st_gid) for name, status in statuses.items()}
