"""A stack that does queued work, and what a client that polls does."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from headrace.engine.enrich import Enricher
from tests.faults.waiting import Gate
from tests.stack import SEED, Reply, Stack, running

QUEUE = "/api/v2/contacts/single_enrich"
BULK = "/api/v2/contacts/bulk_enrich"
PATIENCE = 60.0
"""Seconds."""


def working(directory: Path, **overlay: Any) -> AbstractContextManager[Stack]:
    """A stack with a worker, whose webhooks may go to loopback."""
    settings = {
        "SERVER__RATE_LIMIT": "100000",
        "WEBHOOKS__ALLOW_HTTP": "true",
        "WEBHOOKS__ALLOW_PRIVATE": "127.0.0.0/8",
        **overlay,
    }
    return running(directory, worker=True, **settings)


@contextmanager
def gate(owner: type, method: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Calls of the method wait until it is opened, at the end of the block at the latest."""
    made = Gate()
    monkeypatch.setattr(owner, method, made.before(getattr(owner, method)))
    try:
        yield made
    finally:
        made.open()


@pytest.fixture
def begins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """What is taken from a queue is not begun before it is opened."""
    with gate(Enricher, "carry_out", monkeypatch) as made:
        yield made


async def queue(stack: Stack, *kinds: str, key: str | None = None, **fields: Any) -> Reply:
    """Queue the documented contact, or whom `fields` says."""
    return await stack.enrich(*kinds, key=key, path=QUEUE, **fields)


async def bulk(
    stack: Stack,
    contacts: Sequence[dict[str, Any]],
    *kinds: str,
    key: str | None = None,
    **fields: Any,
) -> Reply:
    """Queue these; for `email`, unless `kinds` says otherwise."""
    body = {"contacts": contacts, "enrichment_type": kinds or ["email"], **fields}
    return await stack.send("POST", BULK, key=key, body=body)


def nobody(number: int, **fields: Any) -> dict[str, Any]:
    """A contact that no vendor knows."""
    return {"firstname": f"Nobody{number}", "lastname": "Atall", "domain": "nowhere.example", **fields}


def somebody(**fields: Any) -> dict[str, Any]:
    """The documented contact, whom every vendor knows."""
    return {**SEED, **fields}


async def finished(stack: Stack, enrichment_id: str, key: str | None = None) -> Any:
    """The contact, once it is finished."""
    return await _finished(stack, f"/api/v2/contacts/{enrichment_id}", key)


async def bulk_finished(stack: Stack, bulk_id: str, key: str | None = None) -> Any:
    """The bulk's progress, once all of it is finished."""
    return await _finished(stack, f"/api/v2/contacts/bulk/{bulk_id}", key)


async def _finished(stack: Stack, path: str, key: str | None) -> Any:
    async with asyncio.timeout(PATIENCE):
        while True:
            reply = await stack.send("GET", path, key=key)
            assert reply.status == 200, reply.text
            if reply.json["status"] == "finished":
                return reply.json
            await asyncio.sleep(0.02)


def queued_by(stack: Stack, name: str) -> int:
    """How many enrichments an account has ever begun."""
    sql = "SELECT COUNT(*) FROM enrichments e JOIN accounts a ON a.id = e.account_id WHERE a.name = ?"
    return int(stack.rows(sql, name)[0][0])


def in_state(stack: Stack, state: str) -> list[str]:
    """Enrichments in that state, in the order in which they were queued."""
    sql = "SELECT id FROM enrichments WHERE state = ? ORDER BY created_at, place"
    return [row[0] for row in stack.rows(sql, state)]
