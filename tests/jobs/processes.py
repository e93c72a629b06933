"""`child.py`, run and killed."""

import subprocess
import sys
from pathlib import Path
from types import TracebackType

_SCRIPT = Path(__file__).with_name("child.py")


class Child:
    """Launched when the `with` block begins; killed at its end, if it still runs."""

    def __init__(self, url: str, executor: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), url, executor],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Child":
        self.expect("ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.communicate()

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def expect(self, line: str) -> None:
        """The next line that it prints."""
        assert self.process.stdout
        assert self.process.stdout.readline().strip() == line

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> tuple[str, str]:
        """What it has printed since, and what it has written to standard error."""
        return self.process.communicate("stop\n")
