"""A real `headrace serve --sandbox` in a process of its own, and a client of it."""

import asyncio
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp

from tests.crash.books import Books
from tests.fleet.process import Process, command

TRIES = 1200
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

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self._process = Process(directory, "serve", "--sandbox", "--port", "0", settings=settings)

    def __enter__(self) -> Self:
        said = self._process.__enter__().said
        self.url: str = said["url"]
        self.sandbox_url: str = said["sandbox_url"]
        self.key: str = said["api_key"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, error, trace)

    def said_on_stderr(self) -> str:
        return self._process.said_on_stderr()

    def kill(self) -> None:
        """`kill -9`."""
        self._process.kill()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.process.send_signal(number)

    def stop(self, number: signal.Signals, within: float) -> int:
        """Send a stop signal; returns the exit code."""
        return self._process.stop(number, within)

    def headrace(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command on the same database."""
        return command(self.directory, self._process.settings, *arguments)

    def books(self) -> Books:
        return Books(self.directory / "headrace.db")


async def until(condition: Callable[[], bool], tries: int = TRIES) -> None:
    """Look again and again, a bounded number of times."""
    for _ in range(tries):
        if condition():
            return
        await asyncio.sleep(PAUSE)
    raise AssertionError("it did not come true")


class AtSandbox(Protocol):
    """Whoever asks vendors of a sandbox."""

    @property
    def sandbox_url(self) -> str: ...


async def people(session: aiohttp.ClientSession, server: AtSandbox) -> list[dict[str, Any]]:
    """Everyone in the sandbox's world."""
    async with session.get(f"{server.sandbox_url}/_world/people") as response:
        everyone: list[dict[str, Any]] = await response.json()
        return everyone


async def set_latency(session: aiohttp.ClientSession, server: AtSandbox, ms: float, **vendor: str) -> None:
    """Make the vendors, or one of them, take so long."""
    async with session.post(f"{server.sandbox_url}/_control/latency", json={"ms": ms, **vendor}) as response:
        assert response.status == 200


def asking_for(person: dict[str, Any], *kinds: str) -> dict[str, Any]:
    """The body that asks for this person."""
    return {
        "firstname": person["first_name"],
        "lastname": person["last_name"],
        "domain": person["domain"],
        "company_name": person["company"],
        "linkedin_url": person["linkedin_url"],
        "enrichment_type": list(kinds),
    }


async def ask(session: aiohttp.ClientSession, server: Server, person: dict[str, Any], *kinds: str) -> Answer:
    """Enrich one person."""
    try:
        async with session.post(
            f"{server.url}/v2/contacts/single_enrich",
            json=asking_for(person, *kinds),
            headers={"X-API-KEY": server.key},
        ) as response:
            charged = float(response.headers.get("X-Headrace-Credits-Charged", 0))
            return Answer(response.status, await response.json(), charged)
    except aiohttp.ClientError:
        return Answer(0)
