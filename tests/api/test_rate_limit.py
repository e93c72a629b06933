"""Fifty requests of one account in any second, and not one more."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import pytest

from tests.api.envelope import assert_envelope
from tests.stack import ENRICH, Reply, Stack, running

NUMBERS = itertools.count()
PER_SECOND = 50
SECONDS = 10.0
ENOUGH = 1_500
"""Requests that are three times what the limit admits in that time."""


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with the documented limit."""
    with running(tmp_path_factory.mktemp("stack")) as made:
        yield made


@pytest.fixture
def one_moment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a test sends comes within one second, however long it takes: the limit's clock stands."""
    now = time.monotonic()
    standing = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(stack.headrace.services.limits._rates, "_clock", standing)


@dataclass(frozen=True, slots=True)
class Shot:
    """A request that was admitted, or not, at some moment between `sent` and `received`."""

    sent: float
    received: float
    status: int


async def shoot(session: aiohttp.ClientSession, stack: Stack, key: str) -> tuple[Shot, Reply]:
    """One request that fails right after the limiter, so that it is cheap."""
    headers = {"X-API-KEY": key, "Content-Type": "application/json"}
    sent = time.monotonic()
    async with session.post(f"{stack.url}{ENRICH}", data=b"{", headers=headers) as response:
        reply = Reply(response.status, response.headers, await response.text())
    return Shot(sent, time.monotonic(), reply.status), reply


async def account(stack: Stack, keys: int = 1) -> list[str]:
    """The keys of a new account."""
    name = f"limits {next(NUMBERS)}"
    made = [await stack.open_account(name)]
    accounts = stack.headrace.storage.accounts
    while len(made) < keys:
        made.append((await accounts.add_key(await accounts.get(name))).text)
    return made


async def barrage(stack: Stack, keys: list[str], seconds: float, least: int) -> list[Shot]:
    """As many requests as come through with these keys in so many seconds; on a slow machine it takes longer
    until there are enough."""
    shots: list[Shot] = []
    end = time.monotonic() + seconds

    async def soldier(session: aiohttp.ClientSession, key: str) -> None:
        while time.monotonic() < end or len(shots) < least:
            shots.append((await shoot(session, stack, key))[0])

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(soldier(session, key) for key in keys for _ in range(2)))
    return shots


async def test_no_second_holds_more_than_fifty_whichever_keys_are_used_and_none_is_refused_too_early(
    stack: Stack,
) -> None:
    shots = await barrage(stack, await account(stack, keys=4), SECONDS, least=ENOUGH)
    assert {shot.status for shot in shots} == {400, 429}, "the limit was really driven at"
    admitted = [shot for shot in shots if shot.status == 400]
    # Whatever moment between its bounds each was admitted at: these were all within one second.
    for first in admitted:
        surely = [shot for shot in admitted if shot.sent >= first.sent and shot.received < first.sent + 1.0]
        assert len(surely) <= PER_SECOND
    # And of each that was refused: at best, so many can have been admitted in the second before.
    for refused in shots:
        if refused.status == 429:
            before = [
                shot
                for shot in admitted
                if shot.received > refused.sent - 1.0 and shot.sent < refused.received
            ]
            assert len(before) >= PER_SECOND


@pytest.mark.usefixtures("one_moment")
async def test_a_burst_lets_fifty_through_and_tells_the_rest_when_to_come_back(stack: Stack) -> None:
    (key,) = await account(stack)
    async with aiohttp.ClientSession() as session:
        volley = await asyncio.gather(*(shoot(session, stack, key) for _ in range(200)))
    assert sum(shot.status == 400 for shot, _ in volley) == PER_SECOND
    refused = [reply for shot, reply in volley if shot.status == 429]
    assert len(refused) == len(volley) - PER_SECOND
    for reply in refused:
        assert_envelope(reply, 429)
        wait = reply.headers["Retry-After"]
        assert wait.isdigit()
        assert int(wait) >= 1
        assert reply.json["message"] == f"Rate limit exceeded. Please try again in {wait} seconds."
        assert reply.headers["X-RateLimit-Limit"] == str(PER_SECOND)
        assert reply.headers["X-RateLimit-Remaining"] == "0"
        assert reply.headers["X-RateLimit-Reset"].isdigit()


@pytest.mark.usefixtures("one_moment")
async def test_two_accounts_do_not_share_a_limit(stack: Stack) -> None:
    (busy,), (calm,) = await account(stack), await account(stack)
    async with aiohttp.ClientSession() as session:

        async def both() -> tuple[int, int]:
            noisy = await asyncio.gather(*(shoot(session, stack, busy) for _ in range(20)))
            quiet, _ = await shoot(session, stack, calm)
            return sum(shot.status == 429 for shot, _ in noisy), quiet.status

        rounds = [await both() for _ in range(20)]
    assert sum(refused for refused, _ in rounds) == 20 * 20 - PER_SECOND
    assert {status for _, status in rounds} == {400}


@pytest.mark.usefixtures("one_moment")
async def test_the_alias_path_counts_with_the_other(stack: Stack) -> None:
    (key,) = await account(stack)
    paths = (ENRICH, "/v2/contacts/sync_single_enrich")
    replies = await asyncio.gather(
        *(stack.send("POST", paths[number % 2], key=key, raw=b"{") for number in range(200))
    )
    statuses = {(number % 2, reply.status) for number, reply in enumerate(replies)}
    assert statuses >= {(0, 429), (1, 429)}


async def test_other_endpoints_are_not_limited(stack: Stack) -> None:
    (key,) = await account(stack)
    headers = {"X-API-KEY": key}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def get(path: str) -> int:
            async with session.get(f"{stack.url}{path}") as reply:
                return reply.status

        paths = ("/v2/credits", "/api/v2/account", "/healthz", "/readyz")
        statuses = await asyncio.gather(*(get(path) for path in paths for _ in range(100)))
        assert set(statuses) == {200}
        unknown = await asyncio.gather(*(get("/v2/enrichments/x") for _ in range(100)))
        assert set(unknown) == {404}


async def test_requests_with_a_bad_key_do_not_use_up_anybodys_limit(stack: Stack) -> None:
    (key,) = await account(stack)
    async with aiohttp.ClientSession() as session:
        wrong = await asyncio.gather(*(shoot(session, stack, key[:-2]) for _ in range(100)))
        right, reply = await shoot(session, stack, key)
    assert {shot.status for shot, _ in wrong} == {401}
    assert right.status == 400
    assert reply.status == 400


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (415, {"raw": b"text", "Content_Type": "text/plain"}),
        (413, {"raw": b"x" * 70_000}),
        (400, {"raw": b"{}", "Idempotency_Key": "k" * 300}),
    ],
)
@pytest.mark.parametrize("path", [ENRICH, "/api/v2/contacts/single_enrich"])
@pytest.mark.usefixtures("one_moment")
async def test_what_is_refused_for_its_form_counts_too(
    stack: Stack, path: str, status: int, sent: dict[str, object]
) -> None:
    key = await stack.open_account(f"form-{next(NUMBERS)}")
    replies = await asyncio.gather(*(stack.send("POST", path, key=key, **sent) for _ in range(80)))  # type: ignore[arg-type]
    statuses = [reply.status for reply in replies]
    assert set(statuses) == {status, 429}
    assert statuses.count(status) == PER_SECOND
