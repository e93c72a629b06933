"""One suite over every vendor the registry finds, fed by the conversations in `examples/<vendor>/`.

An example holds what a vendor is asked, what it answers, and what Headrace must make of that. No vendor is
named here: a new one is covered as soon as its file and its examples exist.
"""

import ast
import gc
import json
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import headrace
from headrace.domain.model import VERIFY, Contact, Field, Found, Grade, Judged, Missing, Verdict
from headrace.ports import Response
from headrace.providers import registry
from headrace.providers.base import (
    WHOLE_VENDOR,
    Adapter,
    Balance,
    Failure,
    HasBalance,
    Rate,
    Refused,
    Request,
    Verifies,
    Wait,
)

EXAMPLES = Path(__file__).parent / "examples"
SOURCES = Path(headrace.__file__).parent
DOCS = Path(__file__).parents[2] / "docs" / "vendors"
KEY = "the-key-of-nobody-5f2c"
BALANCE = "balance"
SUCCESS = (Grade.DELIVERABLE, Grade.CATCH_ALL)

# A vendor must show how it fails in each of these ways.
FAILURES = ("bad_key", "out_of_credits", "rate_limited", "server_error", "malformed_response")
FORBIDDEN_IMPORTS = {
    "aiohttp",
    "asyncio",
    "http",
    "httpx",
    "pyreqwest",
    "requests",
    "socket",
    "sqlalchemy",
    "ssl",
    "threading",
    "time",
    "urllib",
}

ODD_BODIES = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"[{}]",
    b'"text"',
    b"1e999",
    b"\xff\xfe",
    b'{"error": true}',
    b'{"data": null, "contact": 1, "person": [], "response": "", "body": null}',
    b"<html></html>",
    b"[" * 5000,
    b'{"a":' * 5000,
)

Json = Any
Talk = Generator[Request | Wait, Response, Any]


@dataclass(frozen=True)
class Example:
    """One conversation with one vendor."""

    vendor: str
    name: str
    content: Mapping[str, Json]

    @property
    def capabilities(self) -> tuple[str, ...]:
        return tuple(self.content.get("capabilities") or (self.content["capability"],))

    @property
    def expected(self) -> Mapping[str, Mapping[str, Json]]:
        """What must come out, per capability."""
        expect: Mapping[str, Json] = self.content["expect"]
        return dict.fromkeys(self.capabilities, expect) if "outcome" in expect else expect

    @property
    def requests(self) -> list[Request]:
        asked = (step["request"] for step in self.content["exchange"])
        return [Request(one["method"], one["path"], one.get("body"), one.get("query")) for one in asked]

    @property
    def replies(self) -> list[Mapping[str, Json]]:
        return [step["response"] for step in self.content["exchange"]]


@cache
def examples(vendor: str) -> list[Example]:
    files = sorted((EXAMPLES / vendor).glob("*.json"))
    return [Example(vendor, file.stem, json.loads(file.read_text())) for file in files]


EVERY_EXAMPLE = [example for vendor in registry.names() for example in examples(vendor)]
ANSWERED = [
    example
    for example in EVERY_EXAMPLE
    if any(one["outcome"] in ("found", "judged", "balance") for one in example.expected.values())
]

each_example = pytest.mark.parametrize("example", EVERY_EXAMPLE, ids=lambda one: f"{one.vendor}/{one.name}")
each_answered = pytest.mark.parametrize("example", ANSWERED, ids=lambda one: f"{one.vendor}/{one.name}")
each_vendor = pytest.mark.parametrize("vendor", registry.names())


def build(vendor: str) -> Adapter:
    adapter: Callable[..., Adapter] = registry.adapter(vendor)
    return adapter(api_key=KEY)


def module(vendor: str) -> Any:
    return import_module(f"headrace.providers.{vendor}")


def response(reply: Mapping[str, Json]) -> Response:
    body = reply["text"] if "text" in reply else json.dumps(reply["json"])
    headers = {name.lower(): value for name, value in reply.get("headers", {}).items()}
    return Response(reply["status"], headers, body.encode())


def start(example: Example) -> Talk:
    adapter = build(example.vendor)
    if example.capabilities == (VERIFY,):
        assert isinstance(adapter, Verifies)
        return adapter.verify(example.content["address"])
    if example.capabilities == (BALANCE,):
        assert isinstance(adapter, HasBalance)
        return adapter.balance()
    wanted = tuple(Field(name) for name in example.capabilities)
    return adapter.find(wanted, Contact(**example.content["contact"]))


def play(
    example: Example, replies: list[Mapping[str, Json]] | None = None
) -> tuple[list[Request | Wait], Any]:
    """Hold the conversation to its end: everything that the adapter did, and what it returned or raised."""
    waiting = deque(example.replies if replies is None else replies)
    talk = start(example)
    moves: list[Request | Wait] = []
    try:
        move = next(talk)
        while True:
            moves.append(move)
            move = next(talk) if isinstance(move, Wait) else talk.send(response(waiting.popleft()))
    except StopIteration as end:
        return moves, end.value
    except Refused as refusal:
        return moves, refusal


def per_capability(example: Example, outcome: Any) -> Mapping[str, Any]:
    """A joint ask that succeeds answers field by field; any other outcome stands for all of them."""
    if isinstance(outcome, Refused) or len(example.capabilities) == 1:
        return dict.fromkeys(example.capabilities, outcome)
    assert isinstance(outcome, Mapping)
    return outcome


def described(outcome: Any, expect: Mapping[str, Json]) -> dict[str, Json]:
    """`outcome` in the words of the examples. A reason is told only where the example cares for it."""
    told: dict[str, Json] = {}
    match outcome:
        case Found():
            told = {"outcome": "found", "values": list(outcome.values), "upstream": outcome.upstream}
        case Missing():
            told = {"outcome": "missing"}
        case Judged():
            told = {"outcome": "judged"}
        case Balance():
            told = {"outcome": "balance", "credits": outcome.credits, "pools": dict(outcome.pools)}
        case Refused():
            told = {"outcome": "failed", "failure": outcome.failure, "retry_after": outcome.retry_after}
    told["cost"] = getattr(outcome, "cost", None)
    verdict: Verdict | None = getattr(outcome, "verdict", None)
    if verdict:
        told |= {"verdict": verdict.grade, "accept_all": verdict.accept_all, "coarse": verdict.coarse}
    if "reason" in expect:
        told["reason"] = verdict.reason if verdict else getattr(outcome, "reason", None)
    return {name: value for name, value in told.items() if value}


@each_example
def test_example(example: Example) -> None:
    moves, outcome = play(example)
    assert [move for move in moves if isinstance(move, Request)] == example.requests
    outcomes = per_capability(example, outcome)
    assert outcomes.keys() == example.expected.keys()
    for capability, expect in example.expected.items():
        given = {name: value for name, value in expect.items() if value}
        assert described(outcomes[capability], expect) == given, capability


@each_example
def test_polling_pauses(example: Example) -> None:
    moves, _ = play(example)
    assert all(move.seconds > 0 for move in moves if isinstance(move, Wait))
    assert not any(isinstance(one, Request) and isinstance(two, Request) for one, two in pairwise(moves))


@each_example
def test_the_key_travels_in_headers_only(example: Example) -> None:
    moves, _ = play(example)
    assert KEY not in repr(moves)


def leaves(tree: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value in `tree` that holds no further ones."""
    if not isinstance(tree, dict | list) or not tree:
        yield path
        return
    for step in tree if isinstance(tree, dict) else range(len(tree)):
        yield from leaves(tree[step], (*path, step))


def planted(tree: Json, path: tuple[str | int, ...], value: Json) -> Json:
    """`tree` with another value at `path`."""
    if not path:
        return value
    copy: Json = tree.copy()
    copy[path[0]] = planted(tree[path[0]], path[1:], value)
    return copy


def with_last_reply(example: Example, body: Json) -> list[Mapping[str, Json]]:
    *before, last = example.replies
    return [*before, {**last, "json": body}]


@each_answered
def test_wrong_types_never_become_values(example: Example) -> None:
    """Whatever stands in place of a value, the answer is sound or the reply is called malformed."""
    allowed = {value for one in example.expected.values() for value in one.get("values", [])}
    body = example.replies[-1]["json"]
    for path in leaves(body):
        for value in (True, 7, 0.5, [], [7], {}, {"nested": "text"}):
            _, outcome = play(example, with_last_reply(example, planted(body, path, value)))
            for one in per_capability(example, outcome).values():
                assert isinstance(one, Found | Missing | Judged | Balance | Refused)
                if isinstance(one, Found):
                    assert set(one.values) <= allowed, (path, value)
                    assert isinstance(one.upstream, str | None)
                if not isinstance(one, Refused):
                    assert isinstance(getattr(one, "cost", 0.0), int | float)


@each_answered
@pytest.mark.parametrize("body", ODD_BODIES, ids=range(len(ODD_BODIES)))
def test_no_reply_makes_an_adapter_stumble(example: Example, body: bytes) -> None:
    """Nothing is found in a body that says nothing, under any status; and only `Refused` is ever raised."""
    for status in (
        200,
        201,
        202,
        204,
        222,
        302,
        400,
        401,
        402,
        403,
        404,
        409,
        418,
        422,
        423,
        429,
        451,
        500,
        599,
    ):
        talk = start(example)
        try:
            move = next(talk)
            for _ in range(100):
                move = next(talk) if isinstance(move, Wait) else talk.send(Response(status, {}, body))
            raise AssertionError("an endless conversation")
        except Refused:
            continue
        except StopIteration as end:
            for one in per_capability(example, end.value).values():
                assert isinstance(one, Missing) or (
                    isinstance(one, Judged) and one.verdict.grade is Grade.UNKNOWN
                )


@each_answered
def test_unlisted_words_are_never_success(example: Example) -> None:
    words = {
        part for word in module(example.vendor).VERDICTS if isinstance(word, str) for part in word.split("/")
    }
    body = example.replies[-1]["json"]
    new = body
    for path in leaves(body):
        value: Json = body
        for step in path:
            value = value[step]
        if isinstance(value, str) and value in words:
            new = planted(new, path, "a-word-of-next-year")
    if new is body:
        return
    _, outcome = play(example, with_last_reply(example, new))
    for one in per_capability(example, outcome).values():
        verdict = getattr(one, "verdict", None)
        assert verdict is None or verdict.grade not in SUCCESS


@each_vendor
def test_shape(vendor: str) -> None:
    adapter = registry.adapter(vendor)
    assert adapter.name == vendor
    assert adapter.base_url.startswith("https://")
    assert "/" not in adapter.base_url.removeprefix("https://")
    assert adapter.finds
    assert adapter.together <= adapter.finds.keys()
    assert len(adapter.together) != 1
    assert adapter.rates.keys() <= {*adapter.finds, VERIFY, WHOLE_VENDOR}
    assert all(
        isinstance(rate, Rate) and rate.calls > 0 and rate.seconds > 0 for rate in adapter.rates.values()
    )
    assert adapter.concurrency > 0
    assert adapter.timeout > 0


@each_vendor
def test_one_verdict_table(vendor: str) -> None:
    verdicts = module(vendor).VERDICTS
    assert verdicts
    assert all(isinstance(verdict, Verdict) for verdict in verdicts.values())
    assert all(verdict.accept_all for verdict in verdicts.values() if verdict.grade is Grade.CATCH_ALL)


@each_vendor
def test_the_key_is_sent_and_not_shown(vendor: str) -> None:
    adapter = build(vendor)
    assert any(KEY in value for value in adapter.headers().values())
    assert KEY not in repr(adapter)


@each_vendor
def test_every_stated_need_is_enough_to_ask(vendor: str) -> None:
    known: dict[str, dict[str, str]] = {
        "name": {"first_name": "Nora", "last_name": "Quill"},
        "domain": {"domain": "brightwater.example"},
        "company_name": {"company_name": "Brightwater"},
        "linkedin_url": {"linkedin_url": "https://www.linkedin.com/in/nora-quill-example/"},
    }
    adapter = build(vendor)
    for wanted, needs in adapter.finds.items():
        for need in needs:
            told: dict[str, Any] = {}
            for trait in need:
                told |= known[trait]
            request = next(adapter.find((wanted,), Contact(**told)))
            assert isinstance(request, Request)
            assert request.path.startswith("/")
            sent = json.dumps([request.body or {}, request.query or {}])
            assert "null" not in sent
            assert '""' not in sent


@each_vendor
def test_examples_are_complete(vendor: str) -> None:
    adapter = build(vendor)
    seen: set[tuple[str, str]] = {
        (capability, one["outcome"])
        for example in examples(vendor)
        for capability, one in example.expected.items()
    }
    shown = {one.get("failure") for example in examples(vendor) for one in example.expected.values()}
    wanted: set[tuple[str, str]] = {
        (name, outcome) for name in adapter.finds for outcome in ("found", "missing")
    }
    wanted |= {(VERIFY, "judged")} if isinstance(adapter, Verifies) else set()
    wanted |= {(BALANCE, "balance")} if isinstance(adapter, HasBalance) else set()
    if adapter.together:
        assert any(len(example.capabilities) > 1 for example in examples(vendor))
    assert wanted <= seen
    assert set(FAILURES) <= shown


@each_vendor
def test_every_listed_word_has_an_example(vendor: str) -> None:
    """The verdict table and the examples cover each other."""
    table: Mapping[Any, Verdict] = module(vendor).VERDICTS
    heard: set[tuple[Grade, str]] = set()
    for example in examples(vendor):
        for one in per_capability(example, play(example)[1]).values():
            if verdict := getattr(one, "verdict", None):
                heard.add((verdict.grade, verdict.reason))
    said = {
        (verdict.grade, verdict.reason) for verdict in table.values() if verdict.grade is not Grade.UNKNOWN
    }
    assert said <= heard


@each_vendor
def test_failures_are_named(vendor: str) -> None:
    named = {one.get("failure") for example in examples(vendor) for one in example.expected.values()} - {None}
    assert named <= set(Failure)


@cache
def parsed(file: Path) -> ast.Module:
    """The file's syntax. What the garbage collector runs meanwhile can confuse the parser of CPython 3.11."""
    gc.disable()
    try:
        return ast.parse(file.read_text("utf-8"))
    finally:
        gc.enable()


@each_vendor
def test_imports_no_io(vendor: str) -> None:
    imported: set[str] = set()
    for node in ast.walk(parsed(SOURCES / "providers" / f"{vendor}.py")):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert not imported & FORBIDDEN_IMPORTS


@each_vendor
def test_its_name_is_known_to_nobody_else(vendor: str) -> None:
    """What depends on a vendor stands in its file; configuration alone may name it."""
    for file in SOURCES.rglob("*.py"):
        if file.stem == vendor or file == SOURCES / "config" / "sections.py":
            continue
        literals = (node.value for node in ast.walk(parsed(file)) if isinstance(node, ast.Constant))
        named = [text for text in literals if isinstance(text, str) and text == vendor]
        assert not named, file


@each_vendor
def test_has_a_page(vendor: str) -> None:
    page = (DOCS / f"{vendor}.md").read_text()
    assert f"[providers.{vendor}]" in page
    assert f"({vendor}.md)" in (DOCS / "README.md").read_text()
