"""Other processes of the fleet."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("child.py")


class Child:
    """A running `child.py`. It speaks in lines of JSON."""

    def __init__(self, job: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(_SCRIPT), job, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def told(self) -> Any:
        """What it says next; waits for it."""
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def go(self) -> None:
        """Let it begin, or go on."""
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait()


@contextmanager
def children(many: int, job: str, *arguments: str) -> Iterator[list[Child]]:
    """So many at the same job, all `ready`; killed at the end of the block."""
    made = [Child(job, *arguments) for _ in range(many)]
    try:
        for child in made:
            assert child.told() == "ready"
        yield made
    finally:
        for child in made:
            child.process.kill()
            child.process.communicate()
