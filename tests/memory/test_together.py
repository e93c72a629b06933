"""Many who ask the same at the same time, end to end."""

import asyncio
from collections import Counter
from threading import Semaphore

import pytest

from headrace.storage.audit import Audit
from tests.faults.waiting import until
from tests.memory.asking import account, answer, ask, charged, trace
from tests.memory.waits import Asking
from tests.stack import ENRICH, SEED, Stack

HELD = 1
"""Milliseconds, after which vendors wait until all are there."""


async def _spent(stack: Stack) -> dict[str, float]:
    spent: dict[str, float] = await stack.control("_control/spent")
    return spent


@pytest.mark.parametrize("max_age", [0, 3600])
async def test_fifty_at_once_make_one_call_and_each_pays_its_own_price(
    stack: Stack, answers: Semaphore, asking: Asking, max_age: float
) -> None:
    keys = [await account(stack, max_age), await account(stack, max_age)]
    await stack.control("_control/latency", ms=HELD)
    before = await _spent(stack)
    waiting = asyncio.gather(*(ask(stack, keys[n % 2], "email", "phone") for n in range(50)))
    await asking.reaches(100)
    answers.release(2)
    replies = await waiting
    assert (await stack.calls())["leadmagic"] == {"email": 1, "phone": 1}
    assert await stack.total_calls() == 2
    assert {str(answer(reply)) for reply in replies} == {str(answer(replies[0]))}
    assert replies[0].json["email"] == "mathieu@prontohq.com"
    assert {charged(reply) for reply in replies} == {33}
    assert [await stack.balance(key) for key in keys] == [(1000 - 25 * 33, 0)] * 2
    attempts = [attempt for reply in replies for attempt in reply.json["attempts"]]
    assert Counter(attempt.get("shared") for attempt in attempts) == {None: 2, True: 98}
    assert {attempt["http_status"] for attempt in attempts} == {200}
    spent = (await _spent(stack))["leadmagic"] - before["leadmagic"]
    assert sum(attempt["vendor_cost"] for attempt in attempts) == spent
    books: Audit = await stack.headrace.storage.audit()
    assert (books.complaints, books.held) == ((), 0)


async def test_one_after_the_other_without_memory_are_as_many_calls(stack: Stack) -> None:
    key = await account(stack, 0)
    for number in range(1, 4):
        assert trace(await ask(stack, key)) == [("leadmagic", "found", "asked")]
        assert await stack.total_calls() == number


async def test_other_contacts_share_nothing(stack: Stack, answers: Semaphore, asking: Asking) -> None:
    key = await account(stack)
    await stack.control("_control/latency", vendor="leadmagic", ms=HELD)
    waiting = asyncio.gather(
        *(ask(stack, key, lastname=f"Brun {number}", linkedin_url=None) for number in range(10))
    )
    await asking.reaches(10)
    answers.release(10)
    replies = await waiting
    assert (await stack.calls())["leadmagic"] == {"email": 10}
    assert {how for reply in replies for *_, how in trace(reply)} == {"asked"}


async def test_a_failure_is_shared_too_and_counts_once_at_the_vendor(
    stack: Stack, answers: Semaphore, asking: Asking
) -> None:
    key = await account(stack, 0)
    await stack.control("_control/latency", ms=HELD)
    await stack.fault("leadmagic", "email", "rate_limited")
    waiting = asyncio.gather(*(ask(stack, key) for _ in range(10)))
    for everyone in (10, 20, 30):  # asks the first, then the one that finds it, then the one that verifies
        await asking.reaches(everyone)
        answers.release()
    replies = await waiting
    calls = await stack.calls()
    assert (calls["leadmagic"]["email"], calls["findymail"]["email"], calls["hunter"]["verify"]) == (1, 1, 1)
    assert {reply.json["email"] for reply in replies} == {"mathieu@prontohq.com"}
    lines = Counter(line for reply in replies for line in trace(reply))
    assert lines["leadmagic", "failed", "asked"] == 1
    assert lines["leadmagic", "failed", "shared"] == 9
    assert {charged(reply) for reply in replies} == {3}


async def test_who_asked_first_may_hang_up(stack: Stack, answers: Semaphore, asking: Asking) -> None:
    key = await account(stack, 0)
    await stack.control("_control/latency", ms=HELD)
    first = asyncio.create_task(
        stack.send("POST", ENRICH, key=key, body={**SEED, "enrichment_type": ["email"]})
    )

    async def asked() -> bool:
        return await stack.total_calls() == 1

    await until(asked)
    others = [asyncio.create_task(ask(stack, key)) for _ in range(5)]
    await asking.reaches(6)
    first.cancel()
    await asyncio.wait([first])
    await stack.balance(key)  # the server that answers this has heard before that the first one is gone
    answers.release()
    replies = await asyncio.gather(*others)
    assert [trace(reply) for reply in replies] == [[("leadmagic", "found", "shared")]] * 5
    assert await stack.total_calls() == 1
