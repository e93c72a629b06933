"""What is done later: how fast webhooks go out, and what a long queue of contacts costs."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp

from bench import servers
from bench.receiver import Receiver
from bench.servers import Server

Say = Callable[[str], None]

Cores = tuple[int, int]
"""What Headrace runs on, and what everything else does."""

BULK = 100
"""Contacts in one request; the most that are allowed."""

EVERY = 1000
"""Contacts between two lines of progress."""

_AT_ONCE = 50


async def webhooks(directory: Path, owed: int, say: Say, cores: Cores) -> None:
    """(f) Deliveries per second on loopback, to one receiver: all are owed before the first one goes out."""
    receiver = Receiver()
    url = await receiver.listen()
    with servers.sandbox(cores[1]) as vendors:
        await _prepare(vendors)
        config = _configured(directory, vendors, "webhooks")
        key = servers.new_key(config)
        with servers.serving(config, cores[0], "--no-worker") as server:
            await _enrich(server, key, url, owed)
        with servers.serving(config, cores[0]) as server:
            await receiver.until(1)
            before, already = server.cpu_seconds, len(receiver.ids)
            await receiver.until(owed)
            cpu = (server.cpu_seconds - before) / (owed - already) * 1e6
    rate = (owed - 1) / (receiver.last - receiver.first)
    say(f"(f) webhooks: {rate:.0f} deliveries per second to one receiver, {owed} owed, signed, each recorded")
    say(f"    {cpu:.0f} microseconds of CPU time each; {receiver.posts - owed} were sent twice")


async def contacts(directory: Path, many: int, say: Say, cores: Cores) -> None:
    """(g) Bulks of one account, queued all at once and worked through five at a time, with a webhook each."""
    receiver = Receiver()
    url = await receiver.listen()
    with servers.sandbox(cores[1]) as vendors:
        await _prepare(vendors)
        config = _configured(directory, vendors, "contacts")
        key = servers.new_key(config)
        people = list(islice(cycle(await _people(vendors)), many))
        with servers.serving(config, cores[0]) as server:
            idle, began = server.rss_mb, time.perf_counter()
            await _queue(server, key, url, people)
            say(
                f"(g) a queue of {many} contacts of one account, written in {time.perf_counter() - began:.1f} s"
            )
            spent = await _watched(receiver, server, vendors, many, say)
            mean = server.cpu_seconds / many * 1e3
    rate = many / (receiver.last - began)
    say(f"    {rate:.0f} contacts per second; {mean:.1f} ms of CPU time each; {idle:.0f} MB when idle")
    if len(spent) >= 4:
        ours, theirs = (_growth(half) for half in zip(*spent, strict=True))
        say(
            f"    the second half cost {ours:.2f} times as much CPU time as the first; the vendors, whose work"
        )
        say(
            f"    is the same all along, {theirs:.2f} times: so a contact's cost grew {ours / theirs:.2f} times"
        )


async def _watched(
    receiver: Receiver, server: Server, vendors: Server, many: int, say: Say
) -> list[tuple[float, float]]:
    """Prints how far it is; returns the seconds of CPU time that each thousand took, of the server and of the
    vendors: theirs tell how fast the machine is just now."""
    spent, last, before = [], time.perf_counter(), (server.cpu_seconds, vendors.cpu_seconds)
    for count in range(EVERY, many + 1, EVERY):
        await receiver.until(count)
        now, after = time.perf_counter(), (server.cpu_seconds, vendors.cpu_seconds)
        spent.append((after[0] - before[0], after[1] - before[1]))
        say(
            f"    {count:>7} delivered, the last thousand in {now - last:5.1f} s, "
            f"{spent[-1][0]:4.1f} s of CPU time, the vendors' {spent[-1][1]:4.2f} s; {server.rss_mb:.0f} MB"
        )
        last, before = now, after
    await receiver.until(many)
    return spent


def _growth(spent: Sequence[float]) -> float:
    """How many times the first half the second half is."""
    half = len(spent) // 2
    return sum(spent[-half:]) / sum(spent[:half])


async def _enrich(server: Server, key: str, url: str, many: int) -> None:
    """So many answers with a webhook each."""
    left = iter(range(many))

    async def one_by_one(session: aiohttp.ClientSession) -> None:
        for number in left:
            body = _person(f"jane{number}") | {"enrichment_type": ["email"], "webhook_url": url}
            await _post(session, server, key, "/v2/contacts/single_enrich", body)

    async with aiohttp.ClientSession(trust_env=False) as session:
        await asyncio.gather(*(one_by_one(session) for _ in range(_AT_ONCE)))


async def _queue(server: Server, key: str, url: str, people: Sequence[dict[str, Any]]) -> None:
    async with aiohttp.ClientSession(trust_env=False) as session:
        for start in range(0, len(people), BULK):
            body = {"contacts": people[start : start + BULK], "enrichment_type": ["email"]}
            await _post(session, server, key, "/api/v2/contacts/bulk_enrich", body | {"webhook_url": url})


async def _post(session: aiohttp.ClientSession, server: Server, key: str, path: str, body: Any) -> None:
    async with session.post(_root(server) + path, json=body, headers={"X-API-KEY": key}) as response:
        if response.status >= 300:
            raise SystemExit(f"{path} answered {response.status}: {await response.text()}")


async def _prepare(vendors: Server) -> None:
    """Vendors that answer at once, and whose credits never end."""
    async with aiohttp.ClientSession(_root(vendors), trust_env=False) as session:
        async with session.get("/") as response:
            names = (await response.json())["vendors"]
        for name in names:
            for path, wanted in (("latency", {"ms": 0}), ("balance", {"credits": 1_000_000_000})):
                async with session.post(f"/_control/{path}", json={"vendor": name, **wanted}) as response:
                    response.raise_for_status()


async def _people(vendors: Server) -> list[dict[str, Any]]:
    """Everyone whom the sandbox knows."""
    wanted = {"firstname": "first_name", "lastname": "last_name", "domain": "domain"}
    async with (
        aiohttp.ClientSession(_root(vendors), trust_env=False) as session,
        session.get("/_world/people") as response,
    ):
        return [{name: each[key] for name, key in wanted.items()} for each in await response.json()]


def _root(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def _person(name: str) -> dict[str, Any]:
    return {"firstname": name, "lastname": "Doe", "domain": "acme.example", "company_name": "Acme"}


def _configured(directory: Path, vendors: Server, name: str) -> Path:
    """Settings that send every vendor's calls to the sandbox, and webhooks to loopback."""
    folder = directory / name
    folder.mkdir()
    config = folder / "headrace.toml"
    config.write_text(servers.at_sandbox(vendors.port))
    return config
