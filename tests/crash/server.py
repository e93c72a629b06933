"""A real `headrace serve` in a process of its own, and the books that it leaves behind."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp

HEADRACE = Path(sys.executable).with_name("headrace")
TRIES = 200
PAUSE = 0.05
"""Between two looks at something that is to come true."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client got; nothing but a status of 0 when the server died first."""

    status: int
    body: Any = None
    charged: float = 0


class Server:
    """`headrace serve --sandbox` on the database in `directory`; killed at the end, if it still runs."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory = directory
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")},
            **{f"HEADRACE_{name}": value for name, value in environment.items()},
        }

    def __enter__(self) -> "Server":
        self.errors = (self.directory / "stderr").open("a+")
        self.process = subprocess.Popen(
            [HEADRACE, "serve", "--sandbox", "--port", "0", "--json"],
            cwd=self.directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        said = self._announcement()
        self.url, self.sandbox_url, self.key = said["url"], said["sandbox_url"], said["api_key"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.communicate()
        self.errors.close()

    def _announcement(self) -> Any:
        """The one JSON value that the server prints once it accepts connections."""
        assert self.process.stdout
        text = ""
        for line in self.process.stdout:
            text += line
            try:
                return json.loads(text)
            except ValueError:
                continue
        raise AssertionError(f"the server said {text!r} and ended: {self.said_on_stderr()}")

    def said_on_stderr(self) -> str:
        return (self.directory / "stderr").read_text()

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait(30)

    def stop(self, number: signal.Signals, within: float) -> int:
        """Send a stop signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(within)

    def headrace(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command on the same database."""
        return subprocess.run(
            [HEADRACE, *arguments],
            cwd=self.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def books(self) -> "Books":
        return Books(self.directory / "headrace.db")


class Books:
    """The database, as a stranger reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path)) as connection:
            return connection.execute(sql).fetchall()

    def number(self, sql: str) -> int:
        return int(self.rows(sql)[0][0])

    @property
    def started(self) -> int:
        """How many enrichments have ever begun."""
        return self.number("SELECT COUNT(*) FROM enrichments")

    @property
    def held(self) -> int:
        return self.number("SELECT SUM(held) FROM accounts")

    def charged(self) -> dict[str, int]:
        """What the entries say each enrichment was charged."""
        return dict(self.rows("SELECT operation_id, amount FROM ledger_entries WHERE kind = 'charge'"))

    def finished(self) -> dict[str, int]:
        """What each stored record says that it was charged."""
        return dict(
            self.rows(
                "SELECT id, charged FROM enrichments WHERE state = 'finished'"
                " AND results IS NOT NULL AND attempts IS NOT NULL AND finished_at IS NOT NULL"
            )
        )

    def running(self) -> int:
        return self.number("SELECT COUNT(*) FROM enrichments WHERE state = 'running'")


async def until(condition: Callable[[], bool]) -> None:
    """Look again and again, a bounded number of times."""
    for _ in range(TRIES):
        if condition():
            return
        await asyncio.sleep(PAUSE)
    raise AssertionError("it did not come true")


async def people(session: aiohttp.ClientSession, server: Server) -> list[dict[str, Any]]:
    """Everyone in the sandbox's world."""
    async with session.get(f"{server.sandbox_url}/_world/people") as response:
        everyone: list[dict[str, Any]] = await response.json()
        return everyone


async def set_latency(session: aiohttp.ClientSession, server: Server, ms: float, **vendor: str) -> None:
    """Make the vendors, or one of them, take so long."""
    async with session.post(f"{server.sandbox_url}/_control/latency", json={"ms": ms, **vendor}) as response:
        assert response.status == 200


async def ask(session: aiohttp.ClientSession, server: Server, person: dict[str, Any], *kinds: str) -> Answer:
    """Enrich one person."""
    body = {
        "firstname": person["first_name"],
        "lastname": person["last_name"],
        "domain": person["domain"],
        "company_name": person["company"],
        "linkedin_url": person["linkedin_url"],
        "enrichment_type": list(kinds),
    }
    try:
        async with session.post(
            f"{server.url}/v2/contacts/single_enrich", json=body, headers={"X-API-KEY": server.key}
        ) as response:
            charged = float(response.headers.get("X-Headrace-Credits-Charged", 0))
            return Answer(response.status, await response.json(), charged)
    except aiohttp.ClientError:
        return Answer(0)
