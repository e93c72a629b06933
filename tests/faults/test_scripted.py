"""Every fault that a vendor can be scripted to have, in every capability that it has."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
import pytest_asyncio

from tests.compat.pages import FOUND, PRICES
from tests.stack import ENRICH, Reply, Stack, running

EXPAND = f"{ENRICH}?expand=attempts"

REASONS = {
    "timeout": "timeout",
    "reset": "connection_lost",
    "slow_body": "timeout",
    "huge_body": "body_too_large",
    "gzip_bomb": "body_too_large",
    "malformed_json": "malformed_response",
    "wrong_type": "malformed_response",
    "html": "malformed_response",
    "invalid_utf8": "malformed_response",
    "http_500": "server_error",
    "http_503": "server_error",
    "rate_limited": "rate_limited",
    "out_of_credits": "out_of_credits",
    "bad_key": "bad_key",
    "redirect": "redirect",
}
"""Each fault's name in the trace."""

# Findymail answers a bad key with a redirect to its login page.
OWN_WORDS = {("findymail", "redirect"): "bad_key"}

# Hunter's limit has the status of a bad key, so it is asked once more, a second later.
ASKED_AGAIN = {("hunter", "rate_limited")}

FINDERS = {
    "leadmagic": ("email", "personal_email", "phone"),
    "prospeo": ("email", "phone"),
    "findymail": ("email", "phone"),
    "hunter": ("email",),
    "pronto": ("email", "personal_email", "phone"),
    "airscale": ("email", "personal_email", "phone"),
}
FINDS = [(name, kind) for name, kinds in FINDERS.items() for kind in kinds]
# Findymail judges with yes or no.
CANNOT_DOUBT = {("findymail", "miss")}
VERIFIERS = ("leadmagic", "hunter", "findymail", "airscale")
# Where a vendor's time is up. For all else it has longer: a busy machine may take a second for anything.
SLOW = ("timeout", "slow_body")
DEADLINE = 10.0


def backup(vendor: str) -> str:
    """A vendor with every capability, to fall through to."""
    return "airscale" if vendor == "leadmagic" else "leadmagic"


def overlay_for(vendor: str, hurried: str | None) -> dict[str, Any]:
    """Settings under which this vendor is asked first wherever it can be, and then its backup. `hurried`: it
    has one second, to find or to `verify`; in the latter case nothing of what it verifies is its own find,
    which a busy machine might take longer for."""
    other = backup(vendor)
    overlay: dict[str, Any] = {
        "SERVER__RATE_LIMIT": "100000",
        "WATERFALL__DEADLINE__TOTAL": str(DEADLINE),
        "VERIFICATION__ORDER": f"{vendor},hunter,findymail" if vendor in VERIFIERS else "leadmagic,hunter",
    }
    if vendor == "hunter":
        overlay["VERIFICATION__ORDER"] = "hunter,findymail"
    elif vendor == "findymail":
        overlay["VERIFICATION__ORDER"] = "findymail,hunter"
    if hurried:
        overlay[f"PROVIDERS__{vendor.upper()}__TIMEOUT"] = "1"
    for kind in PRICES:
        first = [vendor] if kind in FINDERS[vendor] and hurried != "verify" else []
        overlay[f"WATERFALL__ORDER__{kind.upper()}"] = ",".join([*first, other])
        overlay[f"WATERFALL__DEADLINE__{kind.upper()}"] = str(DEADLINE)
    return overlay


StackFor = Callable[[str, str | None], Stack]


@pytest.fixture(scope="module")
def stack_for(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackFor]:
    """A stack for each vendor, and those where it is hurried, made when they are first wanted."""
    with ExitStack() as open_:

        @cache
        def made_for(vendor: str, hurried: str | None) -> Stack:
            overlay = overlay_for(vendor, hurried)
            return open_.enter_context(running(tmp_path_factory.mktemp(vendor), **overlay))

        yield made_for


@pytest.fixture(params=FINDERS)
def setting(request: pytest.FixtureRequest, stack_for: StackFor) -> tuple[str, Stack]:
    """A vendor that will fail, and its stack. Where no kind is said, it will verify."""
    vendor: str = request.param
    params = request.node.callspec.params
    hurried = "find" if "kind" in params else "verify"
    return vendor, stack_for(vendor, hurried if params.get("fault") in SLOW else None)


@pytest_asyncio.fixture
async def vendor(setting: tuple[str, Stack]) -> str:
    """The vendor that will fail; everybody is well and unasked so far."""
    name, stack = setting
    stack.close_breakers()
    await stack.control("_control/reset")
    await stack.control("_control/latency", ms=0)
    return name


async def enrich(stack: Stack, *kinds: str) -> Reply:
    """Enrich with the trace. Whatever happened, the answer came in time and the account paid as told."""
    before, _ = await stack.balance()
    reply = await stack.enrich(*kinds, path=EXPAND)
    assert reply.status in (200, 503), reply.text
    if reply.status == 200:
        assert float(reply.headers["X-Headrace-Duration-Ms"]) < DEADLINE * 1000
    charged = float(reply.headers.get("X-Headrace-Credits-Charged", 0))
    assert await stack.balance() == (before - charged, 0)
    return reply


@pytest.mark.parametrize(
    ("setting", "kind", "fault"),
    [(name, kind, fault) for name, kind in FINDS for fault in REASONS if (name, fault) not in ASKED_AGAIN],
    indirect=["setting"],
)
async def test_a_finder_that_fails_is_named_with_its_reason_and_the_next_one_finds(
    setting: tuple[str, Stack], vendor: str, kind: str, fault: str
) -> None:
    _, stack = setting
    await stack.fault(vendor, kind, fault)
    reply = await enrich(stack, kind)
    assert reply.status == 200
    failed, *others = reply.json["attempts"]
    assert (failed["provider"], failed["kind"], failed["outcome"]) == (vendor, "find", "failed")
    assert failed["reason"] == OWN_WORDS.get((vendor, fault), REASONS[fault])
    assert (failed["accepted"], failed["vendor_cost"], failed.get("values", [])) == (False, 0, [])
    assert others[0]["provider"] == backup(vendor)
    assert {key: reply.json[key] for key in FOUND[kind]} == FOUND[kind]
    assert reply.headers["X-Headrace-Credits-Charged"] == str(PRICES[kind])
    calls = await stack.calls()
    assert calls[vendor][kind] == 1
    assert "redirected" not in calls[vendor]


@pytest.mark.parametrize(("setting", "kind"), FINDS, indirect=["setting"])
async def test_a_finder_that_has_nothing_is_missing_and_not_failed(
    setting: tuple[str, Stack], vendor: str, kind: str
) -> None:
    _, stack = setting
    await stack.fault(vendor, kind, "miss")
    reply = await enrich(stack, kind)
    missing = reply.json["attempts"][0]
    assert (missing["provider"], missing["outcome"], missing["reason"]) == (vendor, "missing", "not_found")
    assert {key: reply.json[key] for key in FOUND[kind]} == FOUND[kind]


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        (name, fault)
        for name in VERIFIERS
        for fault in (*REASONS, "miss")
        if (name, fault) not in ASKED_AGAIN | CANNOT_DOUBT
    ],
    indirect=["setting"],
)
async def test_a_verifier_that_fails_or_cannot_tell_is_named_and_the_next_one_decides(
    setting: tuple[str, Stack], vendor: str, fault: str
) -> None:
    _, stack = setting
    await stack.fault(vendor, "verify", fault)
    finds = vendor in ("leadmagic", "airscale") and fault not in SLOW
    order = [vendor] if finds else [backup(vendor)]
    reply = await enrich(stack, "personal_email")
    assert reply.status == 200
    finders = [attempt for attempt in reply.json["attempts"] if attempt["kind"] == "find"]
    assert [attempt["provider"] for attempt in finders] == order
    asked, *others = [attempt for attempt in reply.json["attempts"] if attempt["kind"] == "verify"]
    assert asked["provider"] == vendor
    if fault == "miss":
        assert (asked["outcome"], asked["verdict"]) == ("found", "unknown")
    else:
        assert (asked["outcome"], asked["verdict"]) == ("failed", None)
        assert asked["reason"] == OWN_WORDS.get((vendor, fault), REASONS[fault])
    assert asked["accepted"] is False
    assert len(others) >= 1
    assert {key: reply.json[key] for key in FOUND["personal_email"]} == FOUND["personal_email"]
    assert reply.headers["X-Headrace-Credits-Charged"] == str(PRICES["personal_email"])


@pytest.mark.parametrize("setting", ["hunter"], indirect=True)
async def test_a_vendor_whose_limit_looks_like_a_bad_key_is_asked_once_more(
    setting: tuple[str, Stack], vendor: str
) -> None:
    _, stack = setting
    await stack.fault(vendor, "email", "rate_limited")
    reply = await enrich(stack, "email")
    (found,) = reply.json["attempts"]
    assert (found["provider"], found["outcome"], found["accepted"]) == (vendor, "found", True)
    assert (await stack.calls())[vendor] == {"email": 2}
