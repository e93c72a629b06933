"""A disk that is really full: a file system of one megabyte, which is made larger later."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.crash.books import Books
from tests.crash.customers import Customers
from tests.crash.outfit import Outfit
from tests.crash.server import people, set_latency, until
from tests.fleet.fleet import at, sandbox
from tests.fleet.process import Process, account

CLIENTS = 10
REFUSALS = 30
LATENCY = 20
"""Milliseconds that the vendor takes."""

LONGEST = 20.0
"""Seconds that it may take on a machine that is busy with other things."""

ON_A_SMALL_DISK = 'mount -t tmpfs -o size=1m tmpfs "$1" && cp -R "$0"/. "$1" && shift && exec "$@"'
"""In a namespace of its own, where nobody else sees the disk: what `$0` holds is copied to it first."""


@contextmanager
def small_disk(directory: Path) -> Iterator[Outfit]:
    """A server whose database lies on a disk of one megabyte."""
    seed, disk = directory / "seed", directory / "disk"
    seed.mkdir()
    disk.mkdir()
    with sandbox(directory) as vendors:
        settings = {
            "SERVER__RATE_LIMIT": "1000000",
            "VERIFICATION__ORDER": "",
            **at(vendors.said["sandbox_url"], ["leadmagic"]),
        }
        key = account(directory, {**settings, "DATABASE__URL": f"sqlite:///{seed}/headrace.db"})
        settings["DATABASE__URL"] = f"sqlite:///{disk}/headrace.db"
        within = ("unshare", "-Urm", "sh", "-c", ON_A_SMALL_DISK, seed, disk)
        with Process(directory, "serve", "--port", "0", settings=settings, within=within) as server:
            seen = Path(f"/proc/{server.process.pid}/root{disk}/headrace.db")  # from out here
            server.settings["DATABASE__URL"] = f"sqlite:///{seen}"
            yield Outfit(server, Books(seen), vendors.said["sandbox_url"], key, server.said["url"])


def make_room(made: Outfit, directory: Path) -> None:
    """The disk becomes larger, under the server that uses it."""
    inside = ("nsenter", "-t", str(made.server.process.pid), "-U", "-m", "--preserve-credentials")
    subprocess.run([*inside, "mount", "-o", "remount,size=64m", directory / "disk"], check=True)


@pytest.mark.skipif(
    subprocess.run(["unshare", "-Urm", "true"], check=False, capture_output=True).returncode != 0,
    reason="this machine lets nobody make namespaces; tests/storage/test_disk_full.py limits the file instead",
)
async def test_a_full_disk_refuses_before_anything_is_spent_and_heals_by_itself(tmp_path: Path) -> None:
    with small_disk(tmp_path) as made:
        async with aiohttp.ClientSession(trust_env=False) as session:
            await set_latency(session, made, LATENCY)
            customers = Customers(made, await people(session, made))
        async with customers.busy(CLIENTS):
            await until(lambda: customers.heard[503, "storage_unavailable"] >= REFUSALS, tries=1200)
            assert await made.asked() <= made.books.started, "the vendor was asked with a hold only"
            make_room(made, tmp_path)
            took = await customers.served_after(time.monotonic())
        await until(made.books.quiet)

        print(f"\nheard {dict(customers.heard)}; served again {took:.2f} s after there was room")
        assert took < LONGEST
        assert set(customers.heard) == {(200, ""), (503, "storage_unavailable")}
        enrichments = {served.enrichment for served in customers.answered.values()}
        assert made.books.finished().keys() == enrichments, "none is lost, none done twice"
        assert await made.asked() <= made.books.started
        assert made.books.rows("PRAGMA integrity_check") == [("ok",)]
        made.check()
