"""Commands in this process and in processes of their own."""

import fcntl
import json
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from typer.testing import CliRunner

from headrace.cli.main import app

HEADRACE = Path(sys.executable).with_name("headrace")
VENDORS = ("airscale", "findymail", "hunter", "leadmagic", "pronto", "prospeo")
SEED = (
    *("--firstname", "Mathieu", "--lastname", "Brun-Picard", "--domain", "prontohq.com"),
    *("--company-name", "Pronto", "--linkedin-url", "https://www.linkedin.com/in/mathieu-brun-picard/"),
)


class Here:
    """Commands that run in this process, with a settings file of their own."""

    def __init__(self, config: Path) -> None:
        self.config = config

    def says(self, *arguments: str, code: int = 0) -> str:
        """What a command prints."""
        done = CliRunner().invoke(app, [*arguments, "--config", str(self.config)])
        assert done.exit_code == code, (done.output, done.exception)
        return done.stdout

    def json(self, *arguments: str, code: int = 0) -> Any:
        """The JSON that a command prints."""
        return json.loads(self.says(*arguments, "--json", code=code))


def process(
    *arguments: str,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    output: int | IO[str] = subprocess.PIPE,
) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own."""
    return subprocess.run(
        [HEADRACE, *arguments],
        cwd=cwd,
        env=clean(environment),
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )


def on_terminal(*arguments: str, cwd: Path, columns: int = 80) -> list[str]:
    """The lines that a command shows on a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = subprocess.Popen(
        [HEADRACE, *arguments],
        cwd=cwd,
        env=clean({"TERM": "xterm"}),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    text = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    assert shown.wait(30) == 0, text
    return plain(text.decode()).splitlines()


def plain(text: str) -> str:
    """Without colours and spaces at the ends of lines."""
    uncoloured = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)
    return "\n".join(line.rstrip() for line in uncoloured.splitlines())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # whoever wrote to it has ended
        return b""


@contextmanager
def serving(*arguments: str, cwd: Path) -> Iterator[Any]:
    """A command that serves until the end of the block; yields the JSON that it prints at its start."""
    with (cwd / "stderr").open("w") as errors:
        server = subprocess.Popen(
            [HEADRACE, *arguments, "--port", "0", "--json"],
            cwd=cwd,
            env=clean(None),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield first_json(server)
        finally:
            server.terminate()
            server.communicate(timeout=30)
    assert server.returncode == 0, (cwd / "stderr").read_text()


def first_json(server: "subprocess.Popen[str]") -> Any:
    """The first JSON value on standard output."""
    assert server.stdout
    text = ""
    for line in server.stdout:
        text += line
        try:
            return json.loads(text)
        except ValueError:
            continue
    raise AssertionError(f"no JSON: {text!r}")


def clean(environment: Mapping[str, str] | None) -> dict[str, str]:
    """The environment without the machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return {**kept, **(environment or {})}


def request(method: str, url: str, key: str = "", body: object = None) -> tuple[int, Any]:
    """One HTTP request; the status and the JSON."""
    target = urlsplit(url)
    connection = HTTPConnection(target.hostname or "", target.port, timeout=60)
    headers = {"X-API-KEY": key} if key else {}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body)
    connection.request(method, target.path, data, headers)
    response = connection.getresponse()
    read = response.status, json.loads(response.read() or b"null")
    connection.close()
    return read


@contextmanager
def piped(text: str) -> Iterator[Path]:
    """What a shell's `<(...)` gives a command: a file that can be read once."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())  # few enough bytes for the pipe to hold
    os.close(writing)
    try:
        yield Path(f"/dev/fd/{reading}")
    finally:
        os.close(reading)


def config_file(directory: Path, text: str = "") -> Path:
    """A settings file; the database lies beside it."""
    path = directory / "headrace.toml"
    path.write_text(text)
    return path


def at(sandbox_url: str, keys: Mapping[str, str] | None = None, only: Sequence[str] = VENDORS) -> str:
    """Settings that send every vendor's calls to a sandbox."""
    given = keys or {}
    return "\n".join(
        f'[providers.{vendor}]\nbase_url = "{sandbox_url}/{vendor}"\napi_key = "{given.get(vendor, "any")}"'
        for vendor in only
    )


@contextmanager
def taken_port() -> Iterator[int]:
    """A port on which somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
