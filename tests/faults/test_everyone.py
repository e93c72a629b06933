"""When every vendor fails, when they run out of time, and when one of them says that there is nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.storage.audit import audit
from tests.compat.pages import FOUND, KINDS, MISSED
from tests.faults.conftest import SHORT
from tests.faults.test_scripted import REASONS
from tests.stack import ENRICH, Reply, Stack, running

EXPAND = f"{ENRICH}?expand=attempts"
TWO = "leadmagic,airscale"


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Two vendors for everything, which have three seconds to answer."""
    order: dict[str, Any] = {
        f"WATERFALL__ORDER__{kind}": TWO for kind in ("EMAIL", "PHONE", "PERSONAL_EMAIL")
    }
    order["VERIFICATION__ORDER"] = TWO
    with running(tmp_path_factory.mktemp("stack"), **SHORT, **order) as made:
        yield made


async def fail(stack: Stack, fault: str, *kinds: str, vendors: str = TWO) -> None:
    """Script the next call of each kind to each vendor."""
    for vendor in vendors.split(","):
        for kind in kinds:
            await stack.fault(vendor, kind, fault)


def assert_unavailable(reply: Reply) -> None:
    assert reply.status == 503, reply.text
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Retry-After"].isdigit()
    assert int(reply.headers["Retry-After"]) >= 1
    assert reply.json == {
        "error": 503,
        "message": "No provider could answer right now. Nothing was charged.",
        "code": "providers_failed",
    }


@pytest.mark.parametrize("fault", REASONS)
async def test_when_every_vendor_fails_the_answer_is_503_and_free(stack: Stack, fault: str) -> None:
    before = await stack.balance()
    queued = len(stack.rows("SELECT id FROM webhook_deliveries"))
    kinds = ("email", "phone", "personal_email")
    await fail(stack, fault, *kinds)
    assert_unavailable(await stack.enrich(*kinds, webhook_url="https://hooks.example/x"))
    assert await stack.balance() == before
    assert len(stack.rows("SELECT id FROM webhook_deliveries")) == queued
    calls = await stack.calls()
    assert not any("redirected" in counted for counted in calls.values())
    if fault != "bad_key":
        assert {vendor: calls[vendor] for vendor in TWO.split(",")} == {
            vendor: dict.fromkeys(kinds, 1) for vendor in TWO.split(",")
        }


@pytest.mark.parametrize("fault", ["http_500", "rate_limited", "malformed_json"])
@pytest.mark.parametrize("kinds", KINDS, ids="+".join)
async def test_it_is_503_for_whatever_was_asked(stack: Stack, kinds: tuple[str, ...], fault: str) -> None:
    await fail(stack, fault, *kinds)
    assert_unavailable(await stack.enrich(*kinds))


@pytest.mark.parametrize("missing", ["leadmagic", "airscale"])
@pytest.mark.parametrize("kind", FOUND)
async def test_one_that_has_nothing_among_failures_makes_it_a_miss(
    stack: Stack, kind: str, missing: str
) -> None:
    before = await stack.balance()
    other = "airscale" if missing == "leadmagic" else "leadmagic"
    await stack.fault(missing, kind, "miss")
    await stack.fault(other, kind, "http_500")
    reply = await stack.enrich(kind)
    assert (reply.status, reply.json["status"]) == (200, "error")
    assert {key: reply.json[key] for key in MISSED[kind]} == MISSED[kind]
    assert await stack.balance() == before


async def test_a_kind_that_failed_does_not_spoil_one_that_was_found(stack: Stack) -> None:
    await fail(stack, "http_503", "phone", "personal_email")
    reply = await stack.enrich("email", "phone", "personal_email")
    assert (reply.status, reply.json["status"]) == (200, "success")
    assert {key: reply.json[key] for key in FOUND["email"]} == FOUND["email"]
    assert {key: reply.json[key] for key in MISSED["phone"]} == MISSED["phone"]
    assert reply.headers["X-Headrace-Credits-Charged"] == "3"


async def test_a_kind_that_failed_beside_one_that_was_missed_is_a_miss(stack: Stack) -> None:
    await fail(stack, "http_503", "phone")
    await fail(stack, "miss", "email")
    reply = await stack.enrich("email", "phone")
    assert (reply.status, reply.json["status"]) == (200, "error")
    assert reply.headers["X-Headrace-Credits-Charged"] == "0"


@pytest.mark.parametrize("fault", ["http_500", "timeout", "malformed_json", "out_of_credits"])
async def test_when_every_verifier_fails_an_unverified_address_is_not_returned_and_not_called_invalid(
    stack: Stack, fault: str
) -> None:
    before = await stack.balance()
    await fail(stack, fault, "verify")
    await stack.fault("airscale", "personal_email", "miss")
    reply = await stack.enrich("personal_email", path=EXPAND)
    assert reply.status == 200
    assert {key: reply.json[key] for key in MISSED["personal_email"]} == MISSED["personal_email"]
    verified = [attempt for attempt in reply.json["attempts"] if attempt["kind"] == "verify"]
    assert [(attempt["outcome"], attempt["reason"]) for attempt in verified] == [
        ("failed", REASONS[fault]),
        ("failed", REASONS[fault]),
    ]
    assert await stack.balance() == before


async def test_an_enrichment_that_failed_is_kept_with_its_attempts_and_its_books_are_closed(
    stack: Stack,
) -> None:
    await fail(stack, "http_500", "email")
    assert_unavailable(await stack.enrich("email"))
    (newest,) = stack.rows("SELECT id, state, charged FROM enrichments ORDER BY created_at DESC LIMIT 1")
    assert (newest["state"], newest["charged"]) == ("finished", 0)
    stored = await stack.send("GET", f"/v2/enrichments/{newest['id']}")
    assert [attempt["reason"] for attempt in stored.json["attempts"]] == ["server_error"] * 2
    books = await audit(stack.headrace.storage.database)
    assert (books.complaints, books.held) == ((), 0)
