"""`Idempotency-Key`: the same request sent again gets the same answer, and is carried out once."""

import asyncio
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest

from headrace.storage.audit import audit
from tests.jobs.queueing import BULK, QUEUE, bulk_finished, finished, nobody, queued_by, somebody, working
from tests.stack import ENRICH, SEED, Reply, Stack

EMAIL = {**SEED, "enrichment_type": ["email"]}
PAIR = {"contacts": [somebody(), nobody(1)], "enrichment_type": ["email"]}
ROUTES = [(ENRICH, EMAIL, 200, 3), (QUEUE, EMAIL, 200, 3), (BULK, PAIR, 202, 3)]
"""Path, body, status, and what it comes to cost."""

_numbers = count()


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with working(tmp_path_factory.mktemp("stack")) as made:
        yield made


def new_name() -> str:
    """Of an account or of a key."""
    return f"name-{next(_numbers)}"


async def post(stack: Stack, path: str, body: Any, name: str, key: str | None = None) -> Reply:
    return await stack.send("POST", path, key=key, body=body, Idempotency_Key=name)


def replayed(reply: Reply) -> bool:
    return reply.headers.get("Idempotency-Replayed") == "true"


async def settled(stack: Stack, path: str, reply: Reply, key: str) -> None:
    """Wait for what was queued."""
    wait = {QUEUE: finished, BULK: bulk_finished}.get(path)
    if wait:
        await wait(stack, reply.json["enrichment_id"], key)


@pytest.mark.parametrize(("path", "body", "status", "price"), ROUTES)
async def test_a_repeated_request_gets_the_same_bytes_and_costs_nothing(
    stack: Stack, path: str, body: Any, status: int, price: int
) -> None:
    account = new_name()
    key = await stack.open_account(account, 100)
    first = await post(stack, path, body, "k", key)
    again = [await post(stack, path, body, "k", key) for _ in range(3)]
    await settled(stack, path, first, key)
    later = await post(stack, path, body, "k", key)

    assert first.status == status
    assert not replayed(first)
    assert {(each.status, each.text) for each in [*again, later]} == {(first.status, first.text)}
    assert all(replayed(each) for each in [*again, later])
    assert later.headers["Content-Type"] == "application/json"
    assert queued_by(stack, account) == (2 if path == BULK else 1)
    assert await stack.balance(key) == (100 - price, 0)


@pytest.mark.parametrize(("path", "body", "status", "price"), ROUTES)
async def test_three_hundred_at_once_are_one(
    stack: Stack, path: str, body: Any, status: int, price: int
) -> None:
    account = new_name()
    key = await stack.open_account(account, 100)
    await stack.control("_control/latency", ms=50)
    replies = await asyncio.gather(*(post(stack, path, body, "k", key) for _ in range(300)))
    await settled(stack, path, replies[0], key)

    assert {each.status for each in replies} == {status}
    assert len({each.text for each in replies}) == 1
    assert sum(not replayed(each) for each in replies) == 1
    assert queued_by(stack, account) == (2 if path == BULK else 1)
    assert await stack.balance(key) == (100 - price, 0)
    assert (await audit(stack.headrace.storage.database)).balanced


@pytest.mark.parametrize(("path", "body", "status", "price"), ROUTES)
async def test_another_body_under_the_same_key_is_refused(
    stack: Stack, path: str, body: Any, status: int, price: int
) -> None:
    key = await stack.open_account(new_name(), 100)
    assert (await post(stack, path, body, "k", key)).status == status
    for other in ({**body, "phone_country_codes": ["FR"]}, {}, [body]):
        reply = await post(stack, path, other, "k", key)
        assert (reply.status, reply.json["error"], reply.json["code"]) == (422, 422, "idempotency_key_reused")
    assert replayed(await post(stack, path, body, "k", key))


async def test_a_key_belongs_to_one_account_and_one_route(stack: Stack) -> None:
    keys = [await stack.open_account(new_name(), 100) for _ in range(2)]
    ids = set()
    for key in keys:
        for path in (ENRICH, QUEUE):
            reply = await post(stack, path, EMAIL, "same", key)
            assert reply.status == 200
            assert not replayed(reply)
            ids.add(reply.json["enrichment_id"])
    assert len(ids) == 4


async def test_the_query_is_part_of_what_was_asked(stack: Stack) -> None:
    name = new_name()
    assert (await post(stack, ENRICH, EMAIL, name)).status == 200
    reply = await post(stack, f"{ENRICH}?expand=attempts", EMAIL, name)
    assert reply.json["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("path", [ENRICH, QUEUE, BULK])
async def test_a_key_that_is_too_long_is_named(stack: Stack, path: str) -> None:
    body = PAIR if path == BULK else EMAIL
    reply = await post(stack, path, body, "x" * 256)
    assert (reply.status, reply.json["code"]) == (400, "bad_request")
    assert "Idempotency-Key" in reply.json["message"]
    assert (await post(stack, path, body, "x" * 255)).status < 300


@pytest.mark.parametrize("path", [ENRICH, QUEUE, BULK])
async def test_a_request_that_was_refused_may_be_corrected_under_the_same_key(
    stack: Stack, path: str
) -> None:
    account = new_name()
    key = await stack.open_account(account, 0)
    good = PAIR if path == BULK else EMAIL
    kind = {**good, "enrichment_type": ["personal_email"]}
    for body, status in (({**good, "enrichment_type": []}, 400), (kind, 422), (good, 422)):
        assert (await post(stack, path, body, "k", key)).status == status
    refused = await stack.send("POST", path, key="wrong", body=good, Idempotency_Key="k")
    assert refused.status == 401

    owner = await stack.headrace.storage.accounts.get(account)
    await stack.headrace.storage.ledger.grant(owner.id, 100_000)
    reply = await post(stack, path, good, "k", key)
    assert reply.status < 300
    assert not replayed(reply)


async def test_without_a_key_every_request_is_one_of_its_own(stack: Stack) -> None:
    replies = [await stack.send("POST", QUEUE, body=EMAIL, Idempotency_Key="") for _ in range(2)]
    assert len({each.json["enrichment_id"] for each in replies}) == 2


async def test_when_all_vendors_fail_the_key_works_again_after_a_while(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of what is kept stands until everything was asked twice, and is then put forward."""
    clock, now = stack.headrace.storage.idempotency._clock, time.time()
    monkeypatch.setattr(clock, "wall", lambda: now)
    key, name = await stack.open_account(new_name(), 100), new_name()
    for vendor in ("leadmagic", "prospeo", "findymail", "hunter", "pronto", "airscale"):
        await stack.fault(vendor, "email", "http_503")
    failed = await post(stack, ENRICH, EMAIL, name, key)
    calls = await stack.total_calls()
    repeated = await post(stack, ENRICH, EMAIL, name, key)
    assert (failed.status, repeated.status) == (503, 503)
    assert failed.text == repeated.text
    assert (replayed(failed), replayed(repeated)) == (False, True)
    assert await stack.total_calls() == calls

    stack.close_breakers()
    later = time.time() + int(failed.headers["Retry-After"])
    monkeypatch.setattr(clock, "wall", lambda: later)
    reply = await post(stack, ENRICH, EMAIL, name, key)
    assert (reply.status, reply.json["email"]) == (200, "mathieu@prontohq.com")
    assert not replayed(reply)
    assert await stack.balance(key) == (97, 0)


SPELLINGS = [
    b'{"firstname":"Zo\xc3\xab","lastname":"Ng","domain":"a.com","enrichment_type":["email"],'
    b'"custom":{"a":1,"b":[2]}}',
    b'{"custom":{"b":[2],"a":1},"enrichment_type":["email"],"domain":"a.com",'
    b'"lastname":"Ng","firstname":"Zo\xc3\xab"}',
    b' {\n"firstname" : "Zo\\u00EB", "lastname":"\\u004eg" ,"domain":"a.com",'
    b'"enrichment_type":[ "email" ],\t"custom":{"a":1,"b":[2]} }\r\n',
]


async def test_spacing_order_and_escapes_make_no_other_request(stack: Stack) -> None:
    name = new_name()
    replies = [await stack.send("POST", QUEUE, raw=each, Idempotency_Key=name) for each in SPELLINGS]
    assert {each.status for each in replies} == {200}
    assert len({each.text for each in replies}) == 1
    assert [replayed(each) for each in replies] == [False, True, True]


@pytest.mark.parametrize("path", [ENRICH, QUEUE])
async def test_a_number_is_what_was_written(stack: Stack, path: str) -> None:
    name = new_name()
    written = [
        b"1",
        b"1.0",
        b'"1"',
        b"1e0",
        b"true",
        b"[1]",
        b'["\\u0000","1.0"]',
        b"10000000000000000000000",
    ]
    body = msgspec.json.encode(EMAIL).removesuffix(b"}") + b',"custom":{"n":%b}}'
    statuses = [
        (await stack.send("POST", path, raw=body % each, Idempotency_Key=name)).status for each in written
    ]
    assert statuses == [200] + [422] * (len(written) - 1)


async def test_a_repeated_answer_says_what_it_cost_and_where_the_account_stands(stack: Stack) -> None:
    key = await stack.open_account(new_name())
    name = new_name()
    first, again = [await post(stack, ENRICH, EMAIL, name, key) for _ in range(2)]
    assert [reply.headers["X-Headrace-Credits-Charged"] for reply in (first, again)] == ["3", "0"]
    assert [reply.headers["X-Headrace-Credits-Remaining"] for reply in (first, again)] == ["997", "997"]
    told = {each for each in first.headers if each.startswith(("X-Headrace-", "X-RateLimit-"))}
    assert told == {each for each in again.headers if each.startswith(("X-Headrace-", "X-RateLimit-"))}
