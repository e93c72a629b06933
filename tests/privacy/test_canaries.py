"""What identifies a person or opens a door stands in no log line, metric or error, whatever goes wrong.

A word that occurs nowhere else is put wherever a caller can put one; then it is looked for.
"""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from headrace.sandbox.faults import SHAPES
from tests.cli.running import VENDORS, config_file, serving

WORD = "zqcanary"
DIGITS = "612309947"
PERSON: dict[str, Any] = {
    "firstname": f"{WORD}a",
    "lastname": f"{WORD}b",
    "domain": f"{WORD}.example",
    "company_name": f"{WORD} company",
    "linkedin_url": f"https://www.linkedin.com/in/{WORD}-person/",
    "webhook_url": f"http://127.0.0.1:9/{WORD}?token={WORD}",
    "custom": {WORD: f"{WORD}@{WORD}.example", "phone": f"+33{DIGITS}"},
    "enrichment_type": ["email", "phone"],
}
KEY = f"hr_{WORD}kkkk_{WORD}{WORD}{WORD}"
ADDRESS = f"jane.{WORD}@{WORD}.example"
ODD: tuple[Any, ...] = (
    f"{WORD}\x00",
    [WORD],
    {WORD: ADDRESS},
    [ADDRESS, f"+33{DIGITS}"],
    WORD * 3_000,
    f"+33{DIGITS}",
    ADDRESS,
    f"http://{WORD}:{WORD}@127.0.0.1/{WORD}",
    f"\ud800{WORD}",
    12,
    True,
    None,
)
PATHS = (
    "/v2/contacts/single_enrich",
    "/api/v2/contacts/single_enrich",
    "/api/v2/contacts/bulk_enrich",
    f"/v2/contacts/{WORD}",
    f"/v2/enrichments/{ADDRESS}",
    f"/api/v2/contacts/bulk/{WORD}",
    f"/admin/v1/accounts/{ADDRESS}",
    f"/{WORD}?email={ADDRESS}&key={KEY}",
)
SENT = 5_000
AT_ONCE = 32


class Seen:
    """What came back, without keeping it."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.told: list[tuple[int, str]] = []

    def take(self, status: int, text: str, headers: str) -> None:
        self.statuses[status] += 1
        if status >= 300 and mentions(text + headers):
            self.told.append((status, text[:300]))


def mentions(text: str) -> bool:
    return WORD in text.lower() or DIGITS in text


@contextmanager
def server(directory: Path) -> Iterator[Any]:
    """A server that logs all it has to say, about requests without limit; nobody takes its webhooks."""
    settings = ('[log]\nlevel = "debug"', "[server]\nrate_limit = 1000000")
    hooks = '[webhooks]\nallow_http = true\nallow_private = ["127.0.0.0/8"]'
    config_file(directory, "\n".join([*settings, hooks]))
    with serving("serve", "--sandbox", cwd=directory) as said:
        yield said


def request(rng: random.Random, key: str) -> tuple[str, str, dict[str, str], bytes]:
    """One request in which something is wrong, or everything."""
    method = rng.choices(["POST", "GET", "PUT", "DELETE"], [12, 3, 1, 1])[0]
    path = rng.choices(PATHS, [8, 3, 3, 1, 1, 1, 1, 1])[0]
    headers = {"Content-Type": rng.choices(["application/json", f"text/{WORD}"], [15, 1])[0]}
    headers["X-API-KEY"] = rng.choices([key, KEY, ADDRESS, f"{key}{WORD}"], [12, 1, 1, 1])[0]
    if rng.random() < 0.2:
        headers["Idempotency-Key"] = rng.choice([ADDRESS, WORD * 40, f"{WORD}{rng.randrange(5)}"])
    return method, path, headers, _body(rng)


def _body(rng: random.Random) -> bytes:
    person = dict(PERSON)
    for _ in range(rng.randint(1, 3)):
        name = rng.choice([*PERSON, f"{WORD}_unknown", "contacts", "phone_country_codes"])
        if rng.random() < 0.3:
            person.pop(name, None)
        else:
            person[name] = rng.choice(ODD)
    written = json.dumps({"contacts": [person, person]} if rng.random() < 0.2 else person).encode()
    match rng.randrange(8):
        case 0:
            return written[: rng.randrange(len(written))]
        case 1:
            return written.replace(b'"', rng.choice([b"'", b'"\xff', b'"\\x']), rng.randint(1, 3))
        case 2:
            return rng.choice(
                [WORD.encode(), b"[" * 5_000, f'"{ADDRESS}"'.encode(), b"", b"\xff\xfe" + written]
            )
    return written


async def send_all(said: Any, seen: Seen, amount: int, seed: int) -> None:
    places = asyncio.Semaphore(AT_ONCE)
    rng = random.Random(seed)

    async def send(method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        async with places, session.request(method, said["url"] + path, headers=headers, data=body) as reply:
            seen.take(reply.status, await reply.text(errors="replace"), str(dict(reply.headers)))

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(send(*request(rng, said["api_key"])) for _ in range(amount)))


async def ask_failing_vendors(said: Any, seen: Seen) -> None:
    """Every vendor breaks in every way that needs no waiting."""
    async with aiohttp.ClientSession(headers={"X-API-KEY": said["api_key"]}) as session:
        for fault in sorted(SHAPES):
            for vendor in VENDORS:
                for capability in ("email", "phone", "verify"):
                    plan = {"vendor": vendor, "capability": capability, "fault": fault}
                    async with session.post(f"{said['sandbox_url']}/_control/faults", json=plan):
                        pass
            async with session.post(
                f"{said['url']}{PATHS[0]}", json={**PERSON, "webhook_url": None}
            ) as reply:
                seen.take(reply.status, await reply.text(), str(dict(reply.headers)))


async def ask_without_database(said: Any, seen: Seen, database: Path) -> None:
    """A table is gone in the middle of everything."""
    for table in ("accounts", "enrichments", "suppressions", "subjects"):
        with renamed(database, table):
            await send_all(said, seen, 60, seed=3)


@contextmanager
def renamed(database: Path, table: str) -> Iterator[None]:
    for old, new in ((table, f"{table}_away"), (f"{table}_away", table)):
        with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
            connection.execute("PRAGMA legacy_alter_table = ON")  # other tables keep their references
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
        if old == table:
            yield


async def metrics(said: Any) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{said['url']}/metrics") as reply:
        return await reply.text()


@pytest.mark.timeout(240)
async def test_no_canary_is_told_whatever_goes_wrong(tmp_path: Path) -> None:
    seen = Seen()
    with server(tmp_path) as said:
        await send_all(said, seen, SENT, seed=1)
        await ask_failing_vendors(said, seen)
        await ask_without_database(said, seen, tmp_path / "headrace.db")
        await send_all(said, seen, 100, seed=2)
        counted = await metrics(said)
    logged = (tmp_path / "stderr").read_text()

    assert seen.told == []
    assert not mentions(counted)
    assert [line for line in logged.splitlines() if mentions(line)] == []
    assert said["api_key"] not in logged
    assert "database_unavailable" in logged
    assert "provider_paused" in logged
    assert {200, 400, 401, 404, 405, 415, 422, 503} <= seen.statuses.keys()
    assert 500 not in seen.statuses
    assert sum(seen.statuses.values()) > SENT
