"""What servers and workers ask all the time costs the same, however much was done before."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from itertools import count

import psycopg
import pytest

from headrace.storage import enrichments, idempotency, ledger, webhooks
from headrace.storage.opening import Storage
from headrace.storage.postgres_batch import positional
from tests.storage.backends import Backend
from tests.storage.making import account

FEW, MANY = 300, 20_000
FILLED = ("webhook_deliveries", "enrichments", "idempotency_keys", "bulks")

NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})"
PAST = (
    "INSERT INTO bulks (id, account_id, total, created_at) VALUES ('b', '{account}', 2, 0)",
    """
    INSERT INTO enrichments
        (id, account_id, state, mode, owner, held, charged, created_at, finished_at, place, bulk_id)
    {numbers} SELECT 'b' || i, '{account}', 'finished', 'async', 'gone', 0, 0, i, i, i, 'b' FROM n WHERE i < 3
    """,
    """
    INSERT INTO enrichments
        (id, account_id, state, mode, owner, held, charged, created_at, finished_at, place)
    {numbers} SELECT 'e' || i, '{account}', 'finished', 'async', 'gone', 0, 0, i, i, 0 FROM n
    """,
    """
    INSERT INTO webhook_deliveries
        (id, enrichment_id, account_id, endpoint, state, attempts, base, created_at)
    {numbers} SELECT 'w' || i, 'e' || i, '{account}', '', 'delivered', 1, 0, i FROM n
    """,
    """
    INSERT INTO idempotency_keys (digest, fingerprint, state, owner, created_at, expires_at)
    {numbers} SELECT CAST('k' || i AS {bytes}), '', 'done', 'gone', i, i FROM n
    """,
)
"""As much as has been done."""

QUEUE = """
    INSERT INTO enrichments (id, account_id, state, mode, owner, held, charged, created_at, place)
    {numbers} SELECT 'q' || i, '{account}', 'queued', 'async', '', 0, 0, i, 0 FROM n
"""

ASKED: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "which webhook is due next": (webhooks._NEXT, {}),
    "those that are due": (webhooks._CLAIM, {"batch": "b", "at": 1e12, "most": 200}),
    "batches that were left": (webhooks._OPEN_BATCHES, {"before": "z"}),
    "an account's latest webhooks": (webhooks._LIST, {"account": "{account}", "most": 20}),
    "whose contacts wait": (enrichments._WAITING, {"at": 1e12}),
    "the first of a queue": (
        enrichments._TAKE,
        {"account": "{account}", "owner": "me", "most": 5, "at": 1e9},
    ),
    "how far a bulk has come": (enrichments._PROGRESS, {"bulk": "b", "account": "{account}"}),
    "who holds something": (ledger._OWNERS, {}),
    "keys of one who died": (idempotency.FORGET_RUNNING, {"owner": "gone"}),
}


@pytest.mark.parametrize("asked", ASKED)
async def test_it_costs_no_more_after_many_than_after_few(
    storage: Storage, backend: Backend, asked: str
) -> None:
    payer = await account(storage)
    sql, given = ASKED[asked]
    parameters = {
        name: value.format(account=payer.id) if isinstance(value, str) else value
        for name, value in given.items()
    }
    fill(backend, payer.id, FEW)
    few = work(backend, sql, parameters)
    backend.tamper(*(f"DELETE FROM {name}" for name in FILLED))
    fill(backend, payer.id, MANY)
    many = work(backend, sql, parameters)

    assert many <= 3 * few + 30, f"{few} after {FEW}, {many} after {MANY}"


def fill(backend: Backend, account_id: str, many: int) -> None:
    kind = "BLOB" if backend.url.startswith("sqlite") else "bytea"
    backend.tamper(
        *(
            statement.format(numbers=NUMBERS.format(many=many), account=account_id, bytes=kind)
            for statement in (*PAST, QUEUE)
        )
    )


def work(backend: Backend, sql: str, parameters: Mapping[str, object]) -> int:
    """What the statement makes the database do, which has nothing to do with how fast that is: steps of its
    virtual machine, or blocks looked at."""
    if backend.url.startswith("sqlite"):
        return _steps(backend.url.removeprefix("sqlite:///"), sql, parameters)
    return _blocks(backend.url, sql, parameters)


def _steps(path: str, sql: str, parameters: Mapping[str, object]) -> int:
    taken = count()
    with closing(sqlite3.connect(path)) as connection:
        connection.set_progress_handler(lambda: next(taken) * 0, 1)
        connection.execute(sql, parameters).fetchall()
        connection.rollback()
    return next(taken)


def _blocks(url: str, sql: str, parameters: Mapping[str, object]) -> int:
    text, names = positional(sql)
    for place, _ in reversed(list(enumerate(names, 1))):
        text = text.replace(f"${place}", f"%({names[place - 1]})s")
    with psycopg.connect(url) as connection:
        connection.execute("ANALYZE")
        told = connection.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {text}".encode(), dict(parameters)
        ).fetchone()
        connection.rollback()
    assert told
    plan = told[0] if isinstance(told[0], list) else json.loads(told[0])
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])
