"""The enrichment endpoint is served past the framework, or, where browsers are let in, by it: callers cannot
tell which."""

from collections.abc import Iterator

import aiohttp
import pytest
from litestar import Litestar, Request, post
from litestar.response.base import ASGIResponse

from headrace.api.app import at_the_edge
from headrace.api.problems import told
from headrace.api.straight import straight
from headrace.cli.background import BackgroundServer
from tests.stack import ENRICH, Stack, running

ORIGIN = "https://app.example"
SECRET = "jane.doe@acme.example"
OF_THE_FRAMEWORK = {"access-control-allow-origin", "access-control-expose-headers", "vary"}

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
