"""The enrichment endpoint is served past the framework, or, where browsers are let in, by it: callers cannot
tell which."""

import asyncio
from collections.abc import Iterator

import aiohttp
import pytest
from litestar import Litestar, Request, post
from litestar.response.base import ASGIResponse

from headrace.api.app import at_the_edge
from headrace.api.problems import told
from headrace.api.straight import straight
from headrace.cli.background import BackgroundServer
from tests.api.envelope import assert_envelope
from tests.stack import ENRICH, Reply, Stack, running

ORIGIN = "https://app.example"
SECRET = "jane.doe@acme.example"
OF_THE_FRAMEWORK = {"access-control-allow-origin", "access-control-expose-headers", "vary"}

OF_ANY_ANSWER = {"content-type", "content-length", "date", "server", "vary"} | {
    f"access-control-{name}" for name in ("allow-origin", "allow-headers", "allow-methods", "expose-headers")
}
"""Those that pages may read anyway, or have no use for."""

JANE = b'{"firstname":"Jane","lastname":"Doe","domain":"acme.example","enrichment_type":["%b"]}'

ASKED = {
    "a person": JANE % b"email",
    "not JSON": JANE[:12],
    "an unknown kind": JANE % b"fax",
    "too long": b'{"custom":"' + b"x" * 70_000 + b'"}',
}


@pytest.fixture(scope="module")
def framed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("framed"), SERVER__CORS_ORIGINS=ORIGIN) as made:
        yield made


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("key", [None, "hr_nobody_nothing"])
async def test_both_ways_answer_alike(stack: Stack, framed: Stack, asked: str, key: str | None) -> None:
    alone = await stack.send("POST", ENRICH, raw=ASKED[asked], key=key)
    beside = await framed.send("POST", ENRICH, raw=ASKED[asked], key=key)

    told = [{**reply.json, "enrichment_id": None} for reply in (alone, beside)]
    assert (alone.status, told[0]) == (beside.status, told[1])
    names = [{name.lower() for name in reply.headers} for reply in (alone, beside)]
    assert names[0] == names[1] - OF_THE_FRAMEWORK


async def test_a_browser_from_an_origin_that_is_let_in_may_ask(framed: Stack) -> None:
    preflight = await framed.send(
        "OPTIONS", ENRICH, key="", Origin=ORIGIN, Access_Control_Request_Method="POST"
    )
    assert preflight.status < 300
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    reply = await framed.send("POST", ENRICH, raw=ASKED["a person"], Origin=ORIGIN)
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)


@pytest.mark.parametrize("path", [ENRICH, "/v2/credits", "/nowhere"])
@pytest.mark.parametrize("origin", ["https://other.example", f"{ORIGIN}.evil.example", "null"])
async def test_a_page_that_may_not_ask_hears_so_in_the_envelope(
    framed: Stack, path: str, origin: str
) -> None:
    reply = await framed.send("OPTIONS", path, key="", Origin=origin, Access_Control_Request_Method="POST")
    assert_envelope(reply, 400, "origin")
    assert "Access-Control-Allow-Origin" not in reply.headers


async def answers_of_all_kinds(framed: Stack) -> list[Reply]:
    """What a page may come to hear: found, repeated, refused, not there, too often."""

    async def ask(method: str, path: str, raw: bytes | None = None, **more: str) -> Reply:
        return await framed.send(method, path, raw=raw, Origin=ORIGIN, **more)

    person = ASKED["a person"]
    found = [await ask("POST", ENRICH, person, Idempotency_Key="page") for _ in range(2)]
    refused = [await ask("POST", ENRICH, raw) for raw in ASKED.values()]
    wrong = await ask("POST", ENRICH, person, key="hr_nobody_nothing")
    rest = [await ask("GET", path) for path in (ENRICH, "/v2/credits", "/nowhere", "/healthz")]
    often: list[Reply] = []
    while 429 not in {reply.status for reply in often}:
        often = await asyncio.gather(*(ask("POST", ENRICH, b"{") for _ in range(100)))
    return [*found, *refused, wrong, *rest, *often]


async def test_a_page_may_read_every_answer_and_every_header_of_it(framed: Stack) -> None:
    replies = await answers_of_all_kinds(framed)
    assert {reply.status for reply in replies} == {200, 400, 401, 404, 405, 413, 429}
    told = set()
    for reply in replies:
        assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN, reply.status
        exposed = {name.strip().lower() for name in reply.headers["Access-Control-Expose-Headers"].split(",")}
        told |= {name.lower() for name in reply.headers} - OF_ANY_ANSWER
        assert told <= exposed
    assert told >= {"retry-after", "x-ratelimit-reset", "x-headrace-duration-ms", "idempotency-replayed"}


@pytest.mark.parametrize("past", [True, False])
async def test_a_bug_is_a_500_in_the_envelope_that_repeats_nothing(past: bool) -> None:
    @post("/broken")
    async def broken(request: Request[None, None, None]) -> ASGIResponse:  # type: ignore[type-var]
        raise RuntimeError(SECRET)

    app = Litestar([broken], exception_handlers={Exception: told}, logging_config=None)  # type: ignore[dict-item]
    edge = at_the_edge(app, straight(app, broken) if past else {}, sandbox=False)
    with BackgroundServer(edge) as server:
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.post(f"{server.url}/broken") as reply,
        ):
            text = await reply.text()
    assert reply.status == 500
    assert '"code":"internal_error"' in text
    assert SECRET not in text
