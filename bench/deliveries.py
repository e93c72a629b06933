"""What is done later: how fast webhooks go out, and what a long queue of contacts costs."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp

from bench import servers
from bench.receiver import Receiver
from bench.servers import Server

Say = Callable[[str], None]

BULK = 100
"""Contacts in one request; the most that are allowed."""

EVERY = 1000
"""Contacts between two lines of progress."""

_AT_ONCE = 50


async def webhooks(directory: Path, owed: int, say: Say, cores: tuple[int, int]) -> None:
    """(f) Deliveries per second on loopback, to one receiver: all are owed before the first one goes out."""
    receiver = Receiver()
    url = await receiver.listen()
    with servers.sandbox(cores[1]) as vendors:
        config = _configured(directory, vendors, "webhooks")
        key = servers.new_key(config)
        with servers.serving(config, cores[0], "--no-worker") as server:
            await _enrich(server, key, url, owed)
        with servers.serving(config, cores[0]) as server:
            await receiver.until(1)
            before = server.cpu_seconds
            await receiver.until(owed)
            cpu = (server.cpu_seconds - before) / owed * 1e6
    rate = (owed - 1) / (receiver.last - receiver.first)
    say(f"(f) webhooks: {rate:.0f} deliveries per second to one receiver, {owed} owed, signed, each recorded")
    say(f"    {cpu:.0f} microseconds of CPU time each; {receiver.posts - owed} sent twice")


async def contacts(directory: Path, many: int, say: Say, cores: tuple[int, int]) -> None:
    """(g) Bulks of one account, queued all at once and worked through five at a time, with a webhook each."""
    receiver = Receiver()
    url = await receiver.listen()
    with servers.sandbox(cores[1]) as vendors:
        config = _configured(directory, vendors, "contacts")
        key = servers.new_key(config)
        people = await _people(vendors)
        with servers.serving(config, cores[0]) as server:
            idle, began = server.rss_mb, time.perf_counter()
            await _queue(server, key, url, list(islice(cycle(people), many)))
            say(f"(g) a queue of {many} contacts, queued after {time.perf_counter() - began:.1f} s:")
            took = [line async for line in _progress(receiver, server, many, say)]
            cpu = server.cpu_seconds / many * 1e3
    whole = receiver.last - receiver.first
    thousand = EVERY * 1000 / many
    say(f"    {many / whole:.0f} contacts per second, {cpu:.1f} ms of CPU time each, {idle:.0f} MB when idle")
    if len(took) > 3:
        half = len(took) // 2
        early, late = sum(took[:half]) / half, sum(took[-half:]) / half
        say(f"    {late / early:.2f} times as long for a thousand in the second half as in the first")
    assert receiver.posts >= many, thousand


async def _progress(receiver: Receiver, server: Server, many: int, say: Say) -> Any:
    """Seconds for each further thousand."""
    last = time.perf_counter()
    for count in [*range(EVERY, many, EVERY), many]:
        await receiver.until(count)
        now = time.perf_counter()
        say(f"    {count:>7} finished, the last after {now - last:6.1f} s, {server.rss_mb:.0f} MB")
        yield now - last
        last = now


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
    url, headers = f"http://127.0.0.1:{server.port}{path}", {"X-API-KEY": key}
    async with session.post(url, json=body, headers=headers) as response:
        if response.status >= 300:
            raise SystemExit(f"{path} answered {response.status}: {await response.text()}")


async def _people(vendors: Server) -> list[dict[str, Any]]:
    """Everyone whom the sandbox knows."""
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.get(f"http://127.0.0.1:{vendors.port}/_world/people") as response,
    ):
        return [
            {
                "firstname": each["first_name"],
                "lastname": each["last_name"],
                "domain": each["domain"],
                "linkedin_url": each["linkedin_url"],
            }
            for each in await response.json()
        ]


def _person(name: str) -> dict[str, Any]:
    return {"firstname": name, "lastname": "Doe", "domain": "acme.example", "company_name": "Acme"}


def _configured(directory: Path, vendors: Server, name: str) -> Path:
    """Settings that send every vendor's calls to the sandbox, and webhooks to loopback."""
    folder = directory / name
    folder.mkdir()
    config = folder / "headrace.toml"
    config.write_text(servers.at_sandbox(vendors.port))
    return config
