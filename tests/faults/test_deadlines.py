"""Slow vendors: the answer leaves in time with the best there is, and what comes later is kept."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.conftest import SHORT
from tests.faults.waiting import until
from tests.stack import ENRICH, Stack, running

EXPAND = f"{ENRICH}?expand=attempts"


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Vendors may take longer than the lanes for phone and personal e-mail; the latter has longer than a busy
    machine needs for an e-mail."""
    overlay: dict[str, Any] = {
        **SHORT,
        "PROVIDERS__LEADMAGIC__TIMEOUT": "20",
        "PROVIDERS__AIRSCALE__TIMEOUT": "20",
        "WATERFALL__ORDER__EMAIL": "prospeo",
        "WATERFALL__ORDER__PHONE": "leadmagic",
        "WATERFALL__ORDER__PERSONAL_EMAIL": "airscale",
        "WATERFALL__DEADLINE__EMAIL": "10",
        "WATERFALL__DEADLINE__PHONE": "0.5",
        "WATERFALL__DEADLINE__PERSONAL_EMAIL": "2",
        "VERIFICATION__ORDER": "",
    }
    with running(tmp_path_factory.mktemp("stack"), **overlay) as made:
        yield made


async def test_at_the_deadline_the_best_so_far_is_answered_and_the_late_answer_is_added_to_the_record(
    stack: Stack,
) -> None:
    await stack.control("_control/latency", vendor="leadmagic", ms=3000)
    before, _ = await stack.balance()
    reply = await stack.enrich("email", "phone", path=EXPAND)
    assert (reply.status, reply.json["status"]) == (200, "success")
    assert reply.json["email"] == "mathieu@prontohq.com"
    assert (reply.json["phones"], reply.json["phone_status"]) == ([], "not_found")
    assert await stack.balance() == (before - 3, 0)
    (late,) = (attempt for attempt in reply.json["attempts"] if attempt["field"] == "phone")
    assert (late["outcome"], late["reason"], late["accepted"]) == ("failed", "deadline", False)

    async def arrived() -> dict[str, Any] | None:
        stored = await stack.send("GET", f"/v2/enrichments/{reply.json['enrichment_id']}")
        assert stored.json["credits_charged"] == 3
        assert stored.json["phones"] == []
        (attempt,) = (each for each in stored.json["attempts"] if each["field"] == "phone")
        return attempt if attempt["outcome"] == "found" else None

    attempt = await until(arrived)
    assert (attempt["reason"], attempt["accepted"]) == ("late", False)
    assert attempt["values"] == ["+33612345678"]
    assert attempt["vendor_cost"] == 5
    assert await stack.balance() == (before - 3, 0)


async def test_when_all_run_out_of_time_the_answer_is_503_and_free(stack: Stack) -> None:
    for vendor, kind in (("leadmagic", "phone"), ("airscale", "personal_email")):
        await stack.fault(vendor, kind, "timeout")
    before = await stack.balance()
    reply = await stack.enrich("phone", "personal_email", webhook_url="https://hooks.example/x")
    assert (reply.status, reply.json["code"]) == (503, "providers_failed")
    assert reply.headers["Retry-After"].isdigit()
    assert await stack.balance() == before
    assert stack.rows("SELECT id FROM webhook_deliveries") == []


async def test_a_lane_that_is_slow_does_not_hold_up_the_others_but_only_the_answer(stack: Stack) -> None:
    await stack.fault("airscale", "personal_email", "timeout")
    reply = await stack.enrich("email", "personal_email", path=EXPAND)
    ended = {
        attempt["field"]: attempt["started_ms"] + attempt["duration_ms"] for attempt in reply.json["attempts"]
    }
    assert ended["email"] < ended["personal_email"]
    assert reply.json["email"] == "mathieu@prontohq.com"


async def test_a_dripping_body_does_not_outlive_the_deadline(stack: Stack) -> None:
    await stack.fault("leadmagic", "phone", "slow_body")
    reply = await stack.enrich("email", "phone")
    assert reply.status == 200
    assert (reply.json["email"], reply.json["phones"]) == ("mathieu@prontohq.com", [])
