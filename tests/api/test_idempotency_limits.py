"""`Idempotency-Key` beside the rate limit: an answer that is repeated is no request that counts."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.jobs.queueing import BULK, QUEUE, nobody, somebody, working
from tests.jobs.receiver import receiving
from tests.stack import ENRICH, SEED, Reply, Stack

EMAIL = {**SEED, "enrichment_type": ["email"]}
PAIR = {"contacts": [somebody(), nobody(1)], "enrichment_type": ["email"]}
ROUTES = [(ENRICH, EMAIL), (QUEUE, EMAIL), (BULK, PAIR)]


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One request a second."""
    with working(tmp_path_factory.mktemp("stack"), SERVER__RATE_LIMIT="1") as made:
        yield made


async def post(stack: Stack, path: str, body: Any, key: str, name: str) -> Reply:
    return await stack.send("POST", path, key=key, body=body, Idempotency_Key=name)


@pytest.mark.parametrize(("path", "body"), ROUTES)
async def test_many_at_once_count_as_one(stack: Stack, path: str, body: Any) -> None:
    key = await stack.open_account(f"many {path}")
    replies = await asyncio.gather(*(post(stack, path, body, key, "k") for _ in range(30)))
    assert {each.status for each in replies} == {202 if path == BULK else 200}


@pytest.mark.parametrize(("path", "body"), ROUTES)
async def test_what_was_refused_by_the_limit_is_not_kept(stack: Stack, path: str, body: Any) -> None:
    for number in range(20):  # until two requests fall into one second
        key = await stack.open_account(f"limited {path} {number}")
        await post(stack, path, body, key, "another")
        refused = await post(stack, path, body, key, "k")
        if refused.status == 429:
            break
    assert refused.json["code"] == "rate_limited"

    await asyncio.sleep(int(refused.headers["Retry-After"]))
    reply = await post(stack, path, body, key, "k")
    assert reply.status < 300
    assert "Idempotency-Replayed" not in reply.headers


async def test_a_repeated_replay_of_a_webhook_does_not_count(stack: Stack) -> None:
    key = await stack.open_account("replaying")
    async with receiving() as hook:
        await stack.enrich("email", key=key, webhook_url=hook.url)
        await hook.until(1)
        (delivery,) = (await stack.send("GET", "/v2/webhooks", key=key)).json["deliveries"]
        path = f"/v2/webhooks/{delivery['id']}/replay"
        while (first := await post(stack, path, {}, key, "again")).status == 429:
            pass  # the search counts for a second
        assert "Idempotency-Replayed" not in first.headers
        replies = await asyncio.gather(*(post(stack, path, {}, key, "again") for _ in range(30)))
        assert {each.status for each in replies} == {200}
        assert all("Idempotency-Replayed" in each.headers for each in replies)
        await hook.until(2)
