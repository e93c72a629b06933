"""A disk that is really full: a file system of one megabyte, which is made larger later."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.crash.books import Books
from tests.crash.customers import Customers
from tests.crash.outfit import Outfit
from tests.crash.server import people, set_latency, until
from tests.fleet.fleet import at, sandbox
from tests.fleet.process import HEADRACE, Process, account, environment

CLIENTS = 10
REFUSALS = 30
LATENCY = 20
"""Milliseconds that the vendor takes."""

LONGEST = 20.0
"""Seconds that it may take on a machine that is busy with other things."""

ON_A_SMALL_DISK = 'mount -t tmpfs -o size=1m tmpfs "$1" && cp -R "$0"/. "$1" && shift && exec "$@"'
"""In a namespace of its own, where nobody else sees the disk: what `$0` holds is copied to it first."""


READ = """
import json, sqlite3, sys
print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))
"""


class Small(Process):
    """A server whose database lies on a disk of one megabyte that it alone sees."""

    def __init__(self, directory: Path, seed: Path, settings: Mapping[str, str]) -> None:
        self._disk = directory / "disk"
        self._disk.mkdir()
        self.database = self._disk / "headrace.db"
        within = ("unshare", "-Urm", "sh", "-c", ON_A_SMALL_DISK, seed, self._disk)
        at_disk = {**settings, "DATABASE__URL": f"sqlite:///{self.database}"}
        super().__init__(directory, "serve", "--port", "0", settings=at_disk, within=within)

    def make_room(self) -> None:
        """The disk becomes larger, under the server that uses it."""
        self.beside("mount", "-o", "remount,size=64m", self._disk)

    def told(self, *arguments: str) -> Any:
        return json.loads(self.beside(HEADRACE, *arguments, "--json"))

    def beside(self, *arguments: str | Path) -> str:
        """What a program says that sees what the server sees."""
        inside = ("nsenter", "-t", str(self.process.pid), "-U", "-m", "--preserve-credentials")
        return subprocess.run(
            [*inside, *arguments], env=environment(self.settings), check=True, capture_output=True, text=True
        ).stdout


class SmallBooks(Books):
    """Its database, read beside it."""

    def __init__(self, server: Small) -> None:
        self._server = server

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        said = self._server.beside(sys.executable, "-c", READ, self._server.database, sql)
        return [tuple(row) for row in json.loads(said)]


@contextmanager
def small_disk(directory: Path) -> Iterator[tuple[Small, Outfit]]:
    """The server, and what goes with it."""
    seed = directory / "seed"
    seed.mkdir()
    with sandbox(directory) as vendors:
        settings = {
            "SERVER__RATE_LIMIT": "1000000",
            "VERIFICATION__ORDER": "",
            **at(vendors.said["sandbox_url"], ["leadmagic"]),
        }
        key = account(directory, {**settings, "DATABASE__URL": f"sqlite:///{seed}/headrace.db"})
        with Small(directory, seed, settings) as server:
            books = SmallBooks(server)
            yield server, Outfit(server, books, vendors.said["sandbox_url"], key, server.said["url"])


async def ready(made: Outfit) -> int:
    """What a load balancer hears."""
    async with aiohttp.ClientSession(trust_env=False) as session, session.get(f"{made.url}/readyz") as told:
        return told.status


@pytest.mark.skipif(
    subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode != 0,
    reason="nobody may make namespaces here; tests/storage/test_disk_full.py limits the file instead",
)
async def test_a_full_disk_refuses_before_anything_is_spent_and_heals_by_itself(tmp_path: Path) -> None:
    with small_disk(tmp_path) as (server, made):
        async with aiohttp.ClientSession(trust_env=False) as session:
            await set_latency(session, made, LATENCY)
            customers = Customers(made, await people(session, made))
        async with customers.busy(CLIENTS):
            await until(lambda: customers.heard[503, "storage_unavailable"] >= REFUSALS, tries=1200)
            assert await made.asked() <= made.books.started, "the vendor was asked with a hold only"
            assert await ready(made) == 503
            server.make_room()
            took = await customers.served_after(time.monotonic())
            assert await ready(made) == 200
        await until(made.books.quiet)

        print(f"\nheard {dict(customers.heard)}; served again {took:.2f} s after there was room")
        assert took < LONGEST
        assert set(customers.heard) == {(200, ""), (503, "storage_unavailable")}
        enrichments = {served.enrichment for served in customers.answered.values()}
        assert made.books.finished().keys() == enrichments, "none is lost, none done twice"
        assert await made.asked() <= made.books.started
        assert made.books.rows("PRAGMA integrity_check") == [("ok",)]
        made.check()
