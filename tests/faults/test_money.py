"""Many at once on a small balance, and calls that are made only once."""

import asyncio
import resource
from collections import Counter
from collections.abc import Iterator
from typing import Any

import aiohttp
import msgspec
import pytest

from headrace.storage.audit import audit
from tests.faults.conftest import SHORT
from tests.stack import ENRICH, SEED, Stack, running

CALLERS = 1000


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Prospeo is asked first for both of the fields that it can give in one call."""
    overlay: dict[str, Any] = {
        **SHORT,
        "WATERFALL__ORDER__EMAIL": "prospeo,leadmagic",
        "WATERFALL__ORDER__PHONE": "prospeo,leadmagic",
    }
    for name in ("PROSPEO", "LEADMAGIC"):
        overlay[f"PROVIDERS__{name}__TIMEOUT"] = "30"
    with running(tmp_path_factory.mktemp("stack"), **overlay) as made:
        yield made


@pytest.fixture
def _many_sockets() -> Iterator[None]:
    """Both ends of all these connections are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = max(soft, 4 * CALLERS) if hard == resource.RLIM_INFINITY else min(hard, max(soft, 4 * CALLERS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_many_sockets")
@pytest.mark.parametrize("ms", [0, 300])
async def test_a_thousand_at_once_on_the_balance_of_one_hit_charge_exactly_one(stack: Stack, ms: int) -> None:
    name = f"crowd {ms}"
    key = await stack.open_account(name, credits=3)
    await stack.control("_control/latency", ms=ms)
    headers = {"X-API-KEY": key, "Content-Type": "application/json"}
    body = msgspec.json.encode({**SEED, "enrichment_type": ["email"]})

    async def ask(session: aiohttp.ClientSession) -> tuple[int, str]:
        async with session.post(f"{stack.url}{ENRICH}", data=body, headers=headers) as reply:
            answer = await reply.json()
            return reply.status, answer.get("email") or answer.get("code")

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        answers = Counter(await asyncio.gather(*(ask(session) for _ in range(CALLERS))))
    assert answers == {(200, "mathieu@prontohq.com"): 1, (422, "insufficient_credits"): CALLERS - 1}
    assert await stack.balance(key) == (0, 0)
    assert await stack.total_calls() == 1
    books = await audit(stack.headrace.storage.database)
    assert (books.complaints, books.balanced, books.sum, books.held) == ((), True, 0, 0)


async def test_a_vendor_that_gives_both_fields_in_one_call_is_asked_once(stack: Stack) -> None:
    reply = await stack.enrich("email", "phone", path=f"{ENRICH}?expand=attempts")
    assert (reply.json["email"], reply.json["phones"]) == ("mathieu@prontohq.com", ["+33612345678"])
    calls = await stack.calls()
    assert sum(calls["prospeo"].values()) == 1
    assert await stack.total_calls() == 1
    costs = [attempt["vendor_cost"] for attempt in reply.json["attempts"]]
    assert len(costs) == 2
    assert sum(costs) == (await stack.control("_control/spent"))["prospeo"]


async def test_a_call_for_two_fields_that_fails_fails_for_both_and_both_fall_through(stack: Stack) -> None:
    await stack.fault("prospeo", "phone", "http_500")
    reply = await stack.enrich("email", "phone", path=f"{ENRICH}?expand=attempts")
    assert (reply.json["email"], reply.json["phones"]) == ("mathieu@prontohq.com", ["+33612345678"])
    failed = [attempt for attempt in reply.json["attempts"] if attempt["outcome"] == "failed"]
    assert {(attempt["field"], attempt["reason"]) for attempt in failed} == {
        ("email", "server_error"),
        ("phone", "server_error"),
    }
    assert sum((await stack.calls())["prospeo"].values()) == 1


async def test_a_paid_call_is_never_repeated(stack: Stack) -> None:
    for fault in ("http_500", "http_503", "reset", "malformed_json", "html", "huge_body", "rate_limited"):
        stack.close_breakers()
        await stack.control("_control/reset")
        await stack.fault("prospeo", "email", fault)
        assert (await stack.enrich("email")).status == 200
        assert (await stack.calls())["prospeo"] == {"email": 1}, fault


async def test_what_the_trace_says_was_spent_is_what_the_vendors_say(stack: Stack) -> None:
    people = (await stack.control("_world/people"))[1:25]
    told: Counter[str] = Counter()
    for person in people:
        reply = await stack.enrich(
            "email",
            "phone",
            path=f"{ENRICH}?expand=attempts",
            firstname=person["first_name"],
            lastname=person["last_name"],
            linkedin_url=person["linkedin_url"],
            domain=person["domain"],
            company_name=person["company"],
        )
        assert reply.status == 200
        for attempt in reply.json["attempts"]:
            told[attempt["provider"]] += attempt["vendor_cost"]
    spent = await stack.control("_control/spent")
    assert {name: told[name] for name in spent} == spent
