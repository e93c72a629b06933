"""A whole Headrace on loopback: sandbox vendors, the API, a database file; real sockets throughout."""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from headrace.cli.accounts import new_account
from headrace.cli.background import BackgroundServer
from headrace.cli.options import run
from headrace.config import Settings, load
from headrace.sandbox.app import create_app as create_sandbox
from headrace.storage.accounts import Settings as AccountSettings
from headrace.wiring import Headrace, at_sandbox, build

SEED: dict[str, Any] = {
    "firstname": "Mathieu",
    "lastname": "Brun-Picard",
    "domain": "prontohq.com",
    "company_name": "Pronto",
    "linkedin_url": "https://www.linkedin.com/in/mathieu-brun-picard/",
}
"""The documented contact."""

ENRICH = "/v2/contacts/single_enrich"
IDLE = 10.0
"""Seconds after which a test no longer waits for what earlier ones left."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, read whole. Header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.text)


@dataclass(slots=True)
class Stack:
    """Where everything is. `key` belongs to an account with consent and plenty of credits; `works`: queued
    work is done."""

    headrace: Headrace
    url: str
    sandbox_url: str
    key: str
    works: bool = False

    async def send(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        body: Any = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> Reply:
        """One request to the API. `body` is sent as JSON, `raw` as it is; `key=""` sends none."""
        key = self.key if key is None else key
        sent = {"X-API-KEY": key} if key else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = raw if raw is not None else None if body is None else msgspec.json.encode(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        return await _request(method, f"{self.url}{path}", sent, data)

    async def enrich(self, *kinds: str, key: str | None = None, path: str = ENRICH, **fields: Any) -> Reply:
        """Enrich the documented contact, or whom `fields` says."""
        body = {**SEED, "enrichment_type": list(kinds), **fields}
        return await self.send("POST", path, key=key, body={k: v for k, v in body.items() if v is not None})

    async def control(self, path: str, **body: Any) -> Any:
        """`GET` or, with a body, `POST` to the sandbox's `_control` or `_world`."""
        data = msgspec.json.encode(body) if body else None
        method = "POST" if body or path.endswith("reset") else "GET"
        reply = await _request(
            method, f"{self.sandbox_url}/{path}", {"Content-Type": "application/json"}, data
        )
        assert reply.status < 300, reply.text
        return reply.json if reply.text else None

    async def fault(self, vendor: str, capability: str, fault: str, count: int = 1) -> None:
        """Script the vendor's next calls."""
        await self.control("_control/faults", vendor=vendor, capability=capability, fault=fault, count=count)

    async def calls(self) -> dict[str, dict[str, int]]:
        """How often each vendor was asked: vendor -> capability -> calls."""
        found: dict[str, dict[str, int]] = await self.control("_control/calls")
        return found

    def account(self, name: str, credits: float = 1000, consents: bool = False, **settings: Any) -> str:
        """Make an account; returns its key."""
        made = new_account(
            self.headrace.storage, name, AccountSettings(**settings), round(credits * 1000), consents=consents
        )
        return run(lambda: made)[1]

    async def open_account(
        self, name: str, credits: float = 1000, consents: bool = False, **settings: Any
    ) -> str:
        """`account` for a test that is a coroutine; returns the key."""
        _, key = await new_account(
            self.headrace.storage, name, AccountSettings(**settings), round(credits * 1000), consents
        )
        return key

    async def balance(self, key: str | None = None) -> tuple[float, float]:
        """What the key's account can spend, and what is held."""
        found = (await self.send("GET", "/v2/credits", key=key)).json
        return found["credits"], found["held"]

    async def idle(self) -> None:
        """Wait until nothing is queued or under way, a while at most."""
        pending = "SELECT COUNT(*) FROM enrichments WHERE state IN ('queued', 'running')"
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE):
                while self.works and self.rows(pending)[0][0]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

    async def total_calls(self) -> int:
        """How often any vendor was asked for anything."""
        return sum(count for kinds in (await self.calls()).values() for count in kinds.values())

    def rows(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        """Read the database file from outside, as an operator's tool would."""
        with closing(sqlite3.connect(f"file:{self.headrace.settings.database_path}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return db.execute(sql, parameters).fetchall()

    def close_breakers(self) -> None:
        """Let every vendor be asked again, whatever it did in an earlier test."""
        breakers = self.headrace.services.guard.breakers
        for name in breakers.names:
            breakers.hear(name, None)


async def _request(method: str, url: str, headers: dict[str, str], data: bytes | None) -> Reply:
    async with (
        aiohttp.ClientSession(trust_env=False, skip_auto_headers={"Content-Type"}) as session,
        session.request(method, url, headers=headers, data=data, allow_redirects=False) as response,
    ):
        return Reply(response.status, response.headers, await response.text())


@contextmanager
def running(
    directory: Path, *, vendors: list[str] | None = None, worker: bool = False, **overlay: str
) -> Iterator[Stack]:
    """A stack whose sandbox answers at once. `overlay`: settings as in the environment, without prefix:
    `WATERFALL__ORDER__EMAIL="hunter"`; `vendors` limits who is configured; `worker`: queued work is done."""
    environment = {f"HEADRACE_{name}": value for name, value in overlay.items()}
    environment["HEADRACE_DATABASE__URL"] = f"sqlite:///{directory / 'headrace.db'}"
    with BackgroundServer(create_sandbox(latency_scale=0)) as sandbox:
        settings = at_sandbox(load(None, environment), sandbox.url)
        if vendors is not None:
            settings = only(settings, vendors)
        headrace = build(settings, sandbox=True, worker=worker)
        account = new_account(headrace.storage, "main", AccountSettings(), 1_000_000_000, consents=True)
        key = run(lambda: account)[1]
        with BackgroundServer(headrace.application()) as api:
            yield Stack(headrace, api.url, sandbox.url, key, worker)


def only(settings: Settings, vendors: list[str]) -> Settings:
    """The same settings with just these vendors configured."""
    kept = {name: section for name, section in settings.providers.items() if name in vendors}
    return msgspec.structs.replace(settings, providers=kept)
