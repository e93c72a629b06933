"""Other processes that open the same database."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType

_ROOT = Path(__file__).parents[2]
_PATIENCE = 60


class Child:
    """A running `child.py`; killed at the end of the `with` block, if it still runs."""

    def __init__(self, job: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.child", job, *arguments],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """The next line that it prints; empty when it has ended."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        """Let it begin, or end."""
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait(_PATIENCE)

    def wait(self) -> int:
        """Its exit code."""
        return self.process.wait(_PATIENCE)
