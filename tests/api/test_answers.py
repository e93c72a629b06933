"""What an answer carries beside the documented keys, and that all of it agrees with the books."""

import asyncio
import itertools
import re
import sqlite3
from contextlib import closing
from typing import Any

import msgspec
import pytest

from headrace.storage.audit import audit
from tests.api.envelope import assert_envelope
from tests.compat.pages import VENDORS, know_nothing_of
from tests.stack import ENRICH, SEED, Stack

NUMBERS = itertools.count()
HEADERS = [
    "X-Headrace-Credits-Charged",
    "X-Headrace-Credits-Remaining",
    "X-Headrace-Duration-Ms",
    "X-Headrace-Overhead-Ms",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
]
ATTEMPT: dict[str, Any] = {
    "field": str,
    "provider": str,
    "kind": str,
    "outcome": str,
    "reason": (str, type(None)),
    "verdict": (str, type(None)),
    "started_ms": (int, float),
    "duration_ms": (int, float),
    "http_status": (int, type(None)),
    "vendor_cost": (int, float),
    "accepted": bool,
}
EXPAND = f"{ENRICH}?expand=attempts"


async def account(stack: Stack, **settings: Any) -> str:
    """A new account's key."""
    return await stack.open_account(f"answers {next(NUMBERS)}", consents=True, **settings)


@pytest.mark.parametrize("outcome", ["hit", "partial", "miss"])
async def test_every_200_carries_the_headers_and_they_agree_with_the_ledger(
    stack: Stack, outcome: str
) -> None:
    key = await account(stack)
    if outcome != "hit":
        await know_nothing_of(stack, *(("phone",) if outcome == "partial" else ("phone", "email")))
    reply = await stack.enrich("email", "phone", key=key)
    assert reply.status == 200
    assert [name for name in HEADERS if name not in reply.headers] == []
    charged = float(reply.headers["X-Headrace-Credits-Charged"])
    assert charged == {"hit": 33, "partial": 3, "miss": 0}[outcome]
    remaining = float(reply.headers["X-Headrace-Credits-Remaining"])
    assert remaining == 1000 - charged == (await stack.balance(key))[0]
    enrichment_id = reply.json["enrichment_id"]
    (stored,) = stack.rows("SELECT held, charged, state FROM enrichments WHERE id = ?", enrichment_id)
    assert tuple(stored) == (33_000, charged * 1000, "finished")
    entries = {
        row["kind"]: row["amount"]
        for row in stack.rows("SELECT kind, amount FROM ledger_entries WHERE operation_id = ?", enrichment_id)
    }
    told = {"hold": 33_000, "charge": charged * 1000, "release": 33_000 - charged * 1000}
    assert entries == {kind: amount for kind, amount in told.items() if amount}


async def test_times_are_numbers_and_the_overhead_is_part_of_the_duration(stack: Stack) -> None:
    reply = await stack.enrich("email", "phone", "personal_email")
    duration, overhead = (
        float(reply.headers[name]) for name in ("X-Headrace-Duration-Ms", "X-Headrace-Overhead-Ms")
    )
    assert 0 <= overhead <= duration


async def test_time_in_which_the_database_was_waited_for_is_overhead(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program writes while the request comes, and keeps it waiting for its hold."""
    held_ms = 200.0
    come = at_the_hold(stack, monkeypatch)
    with closing(sqlite3.connect(stack.headrace.settings.database_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked = asyncio.create_task(stack.enrich("email"))
        await asyncio.wait_for(come.wait(), 60)
        await asyncio.sleep(held_ms / 1000)
        other.execute("ROLLBACK")
        reply = await asked
    assert float(reply.headers["X-Headrace-Duration-Ms"]) >= held_ms
    assert float(reply.headers["X-Headrace-Overhead-Ms"]) >= held_ms


def at_the_hold(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Is set once a request has come as far as its hold, in the thread of the server."""
    come, loop, hold = asyncio.Event(), asyncio.get_running_loop(), stack.headrace.storage.ledger.hold

    async def told(*arguments: Any) -> int:
        loop.call_soon_threadsafe(come.set)
        return await hold(*arguments)

    monkeypatch.setattr(stack.headrace.storage.ledger, "hold", told)
    return come


async def test_the_rate_limit_headers_are_whole_numbers_that_count_down(stack: Stack) -> None:
    reply = await stack.enrich("email", key=await account(stack))
    limit, remaining, reset = (
        reply.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")
    )
    assert all(value.isdigit() for value in (limit, remaining, reset))
    assert (limit, remaining, reset) == ("100000", "99999", "1")


async def test_the_answer_says_that_its_people_are_invented(stack: Stack) -> None:
    for method, path in (("GET", "/healthz"), ("GET", "/v2/credits"), ("GET", "/nowhere")):
        assert (await stack.send(method, path)).headers["X-Headrace-Sandbox"] == "true"
    assert (await stack.enrich("email")).headers.getall("X-Headrace-Sandbox") == ["true"]  # type: ignore[attr-defined]


async def test_the_trace_is_there_only_when_it_is_asked_for(stack: Stack) -> None:
    assert "attempts" not in (await stack.enrich("email")).json
    assert "attempts" not in (await stack.enrich("email", path=f"{ENRICH}?expand=")).json
    assert "attempts" not in (await stack.enrich("email", path=f"{ENRICH}?expand=other")).json
    assert "attempts" in (await stack.enrich("email", path=EXPAND)).json
    assert "attempts" not in (await stack.enrich("email", path=f"{ENRICH}?expand=noattempts")).json
    assert "attempts" in (await stack.enrich("email", path=f"{ENRICH}?expand=other,attempts")).json
    assert "attempts" in (await stack.enrich("email", path=f"{ENRICH}?expand=other&expand=attempts")).json


async def test_the_trace_does_not_change_the_rest_of_the_answer(stack: Stack) -> None:
    plain = await stack.enrich("email", "phone", custom={"a": 1})
    traced = await stack.enrich("email", "phone", custom={"a": 1}, path=EXPAND)
    assert list(traced.json) == [*plain.json, "attempts", "email_confidence"]


async def test_an_attempt_has_the_documented_keys_in_order_and_the_stored_record_has_the_same(
    stack: Stack,
) -> None:
    await stack.fault("leadmagic", "email", "http_500")
    await stack.fault("prospeo", "phone", "miss")
    await know_nothing_of(stack, "personal_email")
    body = {key: value for key, value in SEED.items() if key not in ("domain", "company_name")}
    wanted = ["email", "phone", "personal_email"]
    reply = await stack.send("POST", EXPAND, body={**body, "enrichment_type": wanted})
    attempts = reply.json["attempts"]
    assert len(attempts) >= 5
    for attempt in attempts:
        assert list(attempt)[: len(ATTEMPT)] == list(ATTEMPT)
        assert set(attempt) - set(ATTEMPT) <= {"values"}
        for name, kind in ATTEMPT.items():
            assert isinstance(attempt[name], kind), (name, attempt[name])
        assert attempt["field"] in wanted
        assert attempt["provider"] in VENDORS
        assert attempt["kind"] in ("find", "verify")
        assert attempt["outcome"] in ("found", "missing", "failed", "skipped")
        assert attempt["started_ms"] >= 0
        assert attempt["duration_ms"] >= 0
    assert {attempt["outcome"] for attempt in attempts} >= {"found", "missing", "failed"}
    (failed,) = (attempt for attempt in attempts if attempt["outcome"] == "failed")
    assert (failed["provider"], failed["reason"], failed["http_status"]) == (
        "leadmagic", "server_error", 500,
    )  # fmt: skip
    stored = await stack.send("GET", f"/v2/enrichments/{reply.json['enrichment_id']}")
    assert stored.json["attempts"] == attempts


async def test_exactly_the_accepted_attempts_explain_the_values(stack: Stack) -> None:
    reply = await stack.enrich("email", "phone", "personal_email", path=EXPAND)
    accepted = {attempt["field"]: attempt for attempt in reply.json["attempts"] if attempt["accepted"]}
    assert accepted["email"]["values"] == [reply.json["email"]]
    assert accepted["phone"]["values"] == reply.json["phones"]
    assert accepted["personal_email"]["values"] == [reply.json["personal_email"]]
    assert sum(attempt["accepted"] for attempt in reply.json["attempts"]) == 3


async def test_a_vendor_that_lacks_its_input_is_skipped_with_the_reason_and_without_a_call(
    stack: Stack,
) -> None:
    name = {"firstname": "Mathieu", "lastname": "Brun-Picard"}
    reply = await stack.send("POST", EXPAND, body={**name, "enrichment_type": ["email"]})
    assert [attempt["outcome"] for attempt in reply.json["attempts"]] == ["skipped"] * 6
    assert all(attempt["reason"].startswith("missing_input") for attempt in reply.json["attempts"])
    assert await stack.total_calls() == 0


async def test_the_stored_record_has_the_values_their_origin_and_the_price(stack: Stack) -> None:
    reply = await stack.enrich("email", "phone", "personal_email", custom={"id": 7})
    stored = (await stack.send("GET", f"/v2/enrichments/{reply.json['enrichment_id']}")).json
    shared = [key for key in reply.json if key in stored]
    assert {key: stored[key] for key in shared} == {key: reply.json[key] for key in shared}
    assert set(reply.json) - set(stored) == set()
    assert stored["credits_charged"] == 63
    origins = {kind: value["provider"] for kind, value in stored["provenance"].items()}
    assert origins == {"email": "leadmagic", "phone": "leadmagic", "personal_email": "pronto"}
    for value in stored["provenance"].values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value["found_at"])


async def test_a_webhook_is_queued_with_the_answer_in_the_commit_that_settles(stack: Stack) -> None:
    url = "https://hooks.example/enriched?token=1"
    reply = await stack.enrich("email", "phone", webhook_url=url, custom={"n": 1.0}, path=EXPAND)
    assert reply.status == 200
    enrichment_id = reply.json["enrichment_id"]
    (settled,) = stack.rows("SELECT * FROM enrichments WHERE id = ?", enrichment_id)
    queued = delivery(stack, enrichment_id)
    assert queued["state"] == "pending"
    assert queued["account_id"] == settled["account_id"]
    assert queued["created_at"] == settled["finished_at"]
    owed = owed_to(stack, enrichment_id)
    assert owed["url"] == url
    expanded = {"attempts", "email_confidence"}
    answer = {key: value for key, value in reply.json.items() if key not in expanded}
    assert list(msgspec.json.decode(owed["body"]).items()) == list(answer.items())
    plain = await stack.enrich("email", webhook_url=url, custom={"n": 1.0})
    assert owed_to(stack, plain.json["enrichment_id"])["body"] == plain.text


async def test_a_miss_is_queued_for_the_webhook_too(stack: Stack) -> None:
    await know_nothing_of(stack, "email")
    reply = await stack.enrich("email", webhook_url="https://hooks.example/x")
    assert owed_to(stack, reply.json["enrichment_id"])["body"] == reply.text


def delivery(stack: Stack, enrichment_id: str) -> sqlite3.Row:
    (queued,) = stack.rows("SELECT * FROM webhook_deliveries WHERE enrichment_id = ?", enrichment_id)
    return queued


def owed_to(stack: Stack, enrichment_id: str) -> dict[str, str]:
    """What is sealed in the row: the URL and the body."""
    record = stack.headrace.storage.vault.open(delivery(stack, enrichment_id)["record"])
    owed: dict[str, str] = msgspec.json.decode(record)
    return owed


async def test_nothing_is_queued_when_nobody_could_answer_nothing_was_asked_or_no_url_was_given(
    stack: Stack,
) -> None:
    url = "https://hooks.example/x"
    before = len(stack.rows("SELECT id FROM webhook_deliveries"))
    for vendor in VENDORS:
        await stack.fault(vendor, "email", "http_503")
    assert_envelope(await stack.enrich("email", webhook_url=url), 503)
    poor = await stack.open_account(f"answers {next(NUMBERS)}", credits=0)
    assert (await stack.enrich("email", key=poor, webhook_url=url)).status == 422
    assert (await stack.enrich("personal_email", key=poor, webhook_url=url)).status == 422
    assert (await stack.enrich("email", firstname="", webhook_url=url)).status == 400
    assert (await stack.enrich("email", webhook_url="")).status == 200
    assert len(stack.rows("SELECT id FROM webhook_deliveries")) == before


async def test_after_all_this_the_books_are_balanced(stack: Stack) -> None:
    books = await audit(stack.headrace.storage.database)
    assert books.complaints == ()
    assert (books.balanced, books.sum, books.held) == (True, 0, 0)
