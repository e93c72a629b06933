"""A `headrace` command in a process of its own, that says in JSON when it is ready and can be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

HEADRACE = Path(sys.executable).with_name("headrace")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The machine's environment with just these settings, such as `SERVER__PORT`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return {**kept, **{f"HEADRACE_{name}": value for name, value in settings.items()}}


def command(
    directory: Path, settings: Mapping[str, str], *arguments: str, timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself, carried out to its end."""
    return subprocess.run(
        [HEADRACE, *arguments],
        cwd=directory,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def told(directory: Path, settings: Mapping[str, str], *arguments: str) -> Any:
    """The JSON that a command answers with; it must succeed."""
    done = command(directory, settings, *arguments, "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def account(directory: Path, settings: Mapping[str, str], name: str = "main", credits: int = 10**9) -> str:
    """Make an account that consents; returns its key."""
    terms = ("--credits", str(credits), "--consent-personal-email")
    key: str = told(directory, settings, "accounts", "create", name, *terms)["api_key"]
    return key


class Process:
    """A command that runs until it is stopped; killed at the end, if it still runs. It runs in `directory`,
    where its standard error goes to a file."""

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        settings: Mapping[str, str],
        name: str = "stderr",
        within: tuple[str | Path, ...] = (),
    ) -> None:
        """`within`: a command line that runs the command it is given."""
        self.directory = directory
        self.settings = dict(settings)
        self._command = [*within, HEADRACE, *arguments, "--json"]
        self.name = name
        self._errors = directory / name
        self.said: Any = None
        self.process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        self.start()
        try:
            self.ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Begin; `ready` waits until it has begun."""
        self._began = time.monotonic()
        with self._errors.open("a") as errors:
            self.process = subprocess.Popen(
                self._command,
                cwd=self.directory,
                env=environment(self.settings),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def ready(self) -> Any:
        """The one JSON value that it prints once it is ready, waiting for it."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"it ended: {self.said_on_stderr()}"
        self.said = json.loads(line)
        self.took = time.monotonic() - self._began  # seconds from the command to being ready
        self.cpu = sum(psutil.Process(self.process.pid).cpu_times()[:2])  # and the CPU time of that
        return self.said

    def said_on_stderr(self) -> str:
        return self._errors.read_text()

    def told(self, *arguments: str) -> Any:
        """What another command with the same settings answers."""
        return told(self.directory, self.settings, *arguments)

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return hasattr(self, "process") and self.process.poll() is None

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.communicate(timeout=30)

    def stop(self, number: signal.Signals = signal.SIGTERM, within: float = 30) -> int:
        """Send a stop signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)
