"""`make bench`: measures Headrace beside a floor, in one run, and prints the figures as ratios where it can.

The machines are shared and noisy: rounds of Headrace and of the floor alternate. Of microseconds the least is quoted,
because noise only ever adds; of ratios the median of many short rounds, as the two have their best rounds apart.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import uvloop

from bench import deliveries, servers
from bench.load import Answer, closed_loop, open_loop
from bench.rows import fill
from bench.servers import Certificates, Server

SERVED_ON = 0
LOADED_FROM = 1
IN_FLIGHT = 64
VENDOR_MS = 20.0
_QUICKER = 4
"""So many times as many requests does the floor answer in the same time, about."""


def say(text: str) -> None:
    """One line, at once."""
    print(text, flush=True)


def machine() -> str:
    """Which machine this is."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if "model name" in line), "unknown processor"
    )
    return f"{os.cpu_count()} x {model}, Python {sys.version.split()[0]}"


def cpu_per_enrichment(server: Server, requests: int) -> float:
    """Microseconds of CPU time, in all threads of the process."""
    before = server.cpu_seconds
    answers = uvloop.run(closed_loop(server.port, server.key, IN_FLIGHT, requests))
    _all_found(answers)
    return (server.cpu_seconds - before) / requests * 1e6


def bench_cpu(directory: Path, keys: Certificates, rounds: int, requests: int) -> None:
    """(a) CPU time per enrichment: three TLS vendor calls, durable settlement, everything on."""
    with ExitStack() as stack:
        vendors = stack.enter_context(servers.vendor(keys, 0, LOADED_FROM))
        clients = ("pyreqwest", "aiohttp")
        measured = {
            client: stack.enter_context(
                servers.headrace(keys, vendors.port, _folder(directory, client), SERVED_ON, client)
            )
            for client in clients
        }
        measured["floor"] = stack.enter_context(servers.floor(keys, vendors.port, directory, SERVED_ON))
        figures: dict[str, list[float]] = {name: [] for name in measured}
        for server in measured.values():
            cpu_per_enrichment(server, 300)
        for _ in range(rounds):
            for name, server in measured.items():
                # As long as the others' rounds: the shorter one is, the luckier it can be.
                asked = requests * _QUICKER if name == "floor" else requests
                figures[name].append(cpu_per_enrichment(server, asked))
    best = {name: min(each) for name, each in figures.items()}
    mine, bare, other = best["pyreqwest"], best["floor"], best["aiohttp"]
    ratios = sorted(a / b for a, b in zip(figures["pyreqwest"], figures["floor"], strict=True))
    clients_apart = statistics.median(
        b / a for a, b in zip(figures["pyreqwest"], figures["aiohttp"], strict=True)
    )
    say(f"(a) CPU, three TLS vendor calls, {IN_FLIGHT} in flight, best of {rounds} rounds of {requests}:")
    say(f"    {mine:.0f} microseconds per enrichment")
    say(f"    {bare:.0f} microseconds at the floor")
    say(
        f"    {statistics.median(ratios):.2f} times the floor: the median of the rounds, which had {ratios[0]:.2f} to "
        f"{ratios[-1]:.2f}"
    )
    say(f"    {1e6 / mine:.0f} enrichments per second and core")
    say(f"    with aiohttp {other:.0f} microseconds, {clients_apart:.2f} times pyreqwest")


def bench_latency(directory: Path, keys: Certificates, seconds: int) -> None:
    """(b) What Headrace adds to the vendors' own time, at 50 requests per second, and what the floor adds."""
    with ExitStack() as stack:
        vendors = stack.enter_context(servers.vendor(keys, VENDOR_MS, LOADED_FROM))
        folder = _folder(directory, "latency")
        server = stack.enter_context(servers.headrace(keys, vendors.port, folder, SERVED_ON))
        bare = stack.enter_context(servers.floor(keys, vendors.port, folder, SERVED_ON))
        for each in (server, bare):
            uvloop.run(open_loop(each.port, each.key, 50, 100))
        answers, floored = [], []
        for _ in range(seconds // 2):  # in turn, so that both meet the same neighbours
            answers += uvloop.run(open_loop(server.port, server.key, 50, 100))
            floored += uvloop.run(open_loop(bare.port, bare.key, 50, 100))
        _all_found(answers + floored)
        own = servers.vendor_times(vendors, keys)
    added = sorted(answer.wall_ms - own[answer.name] for answer in answers)
    least = sorted(answer.wall_ms - own[answer.name] for answer in floored)
    told, least_told = (
        sorted(float(answer.headers["x-headrace-overhead-ms"]) for answer in each)
        for each in (answers, floored)
    )
    say(
        f"(b) added to the vendors' own time, 50 per second for {seconds} s, three calls of {VENDOR_MS:.0f} ms:"
    )
    say(
        f"    p50 {_at(added, 0.50):.2f} ms, p99 {_at(added, 0.99):.2f} ms (seen by the client, network included)"
    )
    say(
        f"    p50 {_at(least, 0.50):.2f} ms, p99 {_at(least, 0.99):.2f} ms at the floor, in turn with the above"
    )
    say(f"    p50 {_at(told, 0.50):.2f} ms, p99 {_at(told, 0.99):.2f} ms (X-Headrace-Overhead-Ms)")
    say(
        f"    p50 {_at(least_told, 0.50):.2f} ms, p99 {_at(least_told, 0.99):.2f} ms at the floor, counted in this way"
    )


def bench_memory(directory: Path, keys: Certificates, waiting: int) -> None:
    """(c) Memory while many enrichments wait on slow vendors."""
    with ExitStack() as stack:
        vendors = stack.enter_context(servers.vendor(keys, 2000, LOADED_FROM))
        folder = _folder(directory, "memory")
        server = stack.enter_context(servers.headrace(keys, vendors.port, folder, SERVED_ON))
        before = server.rss_mb
        peak: list[float] = []
        answers = uvloop.run(_watched(server, waiting, peak))
        _all_found(answers)
    say(
        f"(c) memory: {max(peak):.0f} MB with {waiting} enrichments waiting on slow vendors, {before:.0f} MB idle"
    )


def bench_start(directory: Path, times: int) -> None:
    """(d) From the command to the first answer."""
    config = _folder(directory, "start") / "headrace.toml"
    config.touch()
    servers.start_up_seconds(config, SERVED_ON)
    taken = sorted(servers.start_up_seconds(config, SERVED_ON) for _ in range(times))
    say(
        f"(d) start-up: first /healthz after {taken[0]:.2f} s at best, median {statistics.median(taken):.2f} s of {times}"
    )


def bench_growth(directory: Path, keys: Certificates, rows: int, rounds: int, requests: int) -> None:
    """(e) The same cost with a full database and every vendor configured."""
    with ExitStack() as stack:
        vendors = stack.enter_context(servers.vendor(keys, 0, LOADED_FROM))
        empty, full = _folder(directory, "empty"), _folder(directory, "full")
        small = stack.enter_context(servers.headrace(keys, vendors.port, empty, SERVED_ON))
        big = stack.enter_context(servers.headrace(keys, vendors.port, full, SERVED_ON, every_vendor=True))
        accounts = fill(full / "headrace.db", rows)
        pairs = []
        for server in (small, big):
            cpu_per_enrichment(server, 300)
        for _ in range(rounds):
            pairs.append((cpu_per_enrichment(small, requests), cpu_per_enrichment(big, requests)))
    ratio = statistics.median(full / empty for empty, full in pairs)
    say(
        f"(e) growth: {ratio:.2f} times the CPU with {rows} stored enrichments, {accounts} accounts, all vendors configured"
    )


def bench_webhooks(directory: Path, owed: int) -> None:
    """(f) Deliveries per second."""
    asyncio.run(deliveries.webhooks(directory, owed, say, (SERVED_ON, LOADED_FROM)))


def bench_queue(directory: Path, contacts: int) -> None:
    """(g) A long queue of contacts."""
    asyncio.run(deliveries.contacts(directory, contacts, say, (SERVED_ON, LOADED_FROM)))


async def _watched(server: Server, waiting: int, peak: list[float]) -> list[Answer]:
    work = asyncio.ensure_future(closed_loop(server.port, server.key, waiting, waiting))
    while not work.done():
        peak.append(server.rss_mb)
        await asyncio.wait([work], timeout=0.1)
    return work.result()


def _all_found(answers: list[Answer]) -> None:
    wrong = [answer for answer in answers if answer.status != 200]
    if wrong:
        raise SystemExit(f"{len(wrong)} of {len(answers)} requests were not answered: {wrong[0]}")


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _folder(directory: Path, name: str) -> Path:
    made = directory / name
    made.mkdir(exist_ok=True)
    return made


def main() -> None:
    """Every measurement, or those whose letters are named."""
    parser = argparse.ArgumentParser(description="Measure Headrace beside a floor.")
    parser.add_argument(
        "parts", nargs="*", default=list("abcdefg"), help="letters of the parts; default: all"
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--webhooks", type=int, default=3000, help="owed in part f")
    parser.add_argument("--contacts", type=int, default=2000, help="queued in part g")
    chosen = parser.parse_args()
    say(machine())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {LOADED_FROM % (os.cpu_count() or 1)})
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        keys = servers.certificates(directory)
        parts: dict[str, Callable[[], None]] = {
            "a": lambda: bench_cpu(directory, keys, chosen.rounds, chosen.requests),
            "b": lambda: bench_latency(directory, keys, 20),
            "c": lambda: bench_memory(directory, keys, 2000),
            "d": lambda: bench_start(directory, 7),
            "e": lambda: bench_growth(directory, keys, chosen.rows, chosen.rounds, chosen.requests),
            "f": lambda: bench_webhooks(directory, chosen.webhooks),
            "g": lambda: bench_queue(directory, chosen.contacts),
        }
        for letter in dict.fromkeys(chosen.parts):
            parts[letter]()


if __name__ == "__main__":
    main()
