"""A vendor that cannot answer is left alone for a while."""

import time

import pytest

from tests.stack import ENRICH, Stack

EXPAND = f"{ENRICH}?expand=attempts"


async def calls(stack: Stack, vendor: str) -> dict[str, int]:
    return (await stack.calls())[vendor]


async def ready(stack: Stack) -> dict[str, object]:
    """What `/readyz` says of each vendor."""
    providers: dict[str, object] = (await stack.send("GET", "/readyz", key="")).json["providers"]
    return providers


async def test_a_vendor_out_of_credits_is_not_asked_again_for_that_and_named(stack: Stack) -> None:
    await stack.fault("leadmagic", "email", "out_of_credits")
    for _ in range(6):
        reply = await stack.enrich("email")
        assert reply.json["email"] == "mathieu@prontohq.com"
    assert await calls(stack, "leadmagic") == {"email": 1}
    assert "out_of_credits" in str((await ready(stack))["leadmagic"])
    skipped = (await stack.enrich("email", path=EXPAND)).json["attempts"][0]
    assert (skipped["provider"], skipped["outcome"]) == ("leadmagic", "skipped")
    assert "out_of_credits" in skipped["reason"]
    assert (await stack.enrich("phone")).json["phones"] == ["+33612345678"]
    assert await calls(stack, "leadmagic") == {"email": 1, "phone": 1}


async def test_what_the_credits_that_are_left_pay_for_can_still_be_had(stack: Stack) -> None:
    await stack.control("_control/balance", vendor="prospeo", credits=9)  # nine addresses, and no phone
    for expected in (1, 2):
        for kind in ("email", "phone"):
            await stack.fault("leadmagic", kind, "miss")
        reply = await stack.enrich("email", "phone", path=EXPAND)
        asked = [
            (line["field"], line["outcome"], line["reason"])
            for line in reply.json["attempts"]
            if line["provider"] == "prospeo"
        ]
        assert ("email", "found", "VERIFIED") in asked, asked
        assert (await ready(stack))["prospeo"] == {"phone": "out_of_credits"}
        refused = [line for line in asked if line[1] == "failed"]
        assert len(refused) == (2 if expected == 1 else 0)
        assert await calls(stack, "prospeo") == {"email": expected, "phone": 1}


async def test_a_vendor_with_a_bad_key_is_not_asked_for_anything_any_more_and_named(stack: Stack) -> None:
    await stack.fault("leadmagic", "email", "bad_key")
    for _ in range(6):
        reply = await stack.enrich("email")
        assert reply.json["email"] == "mathieu@prontohq.com"
    assert (await stack.enrich("phone", "personal_email")).json["phones"] == ["+33612345678"]
    assert await calls(stack, "leadmagic") == {"email": 1}
    assert "bad_key" in str((await ready(stack))["leadmagic"])
    assert [state for name, state in (await ready(stack)).items() if name != "leadmagic"] == ["ok"] * 5


@pytest.mark.parametrize("fault", ["http_500", "reset", "malformed_json", "redirect"])
async def test_five_failures_in_a_row_pause_a_vendor(stack: Stack, fault: str) -> None:
    await stack.fault("leadmagic", "email", fault, count=20)
    for expected in (1, 2, 3, 4, 5, 5, 5):
        reply = await stack.enrich("email")
        assert reply.json["email"] == "mathieu@prontohq.com"
        assert await calls(stack, "leadmagic") == {"email": expected}
    assert (await ready(stack))["leadmagic"] != "ok"
    assert (await stack.enrich("phone")).json["phones"] == ["+33612345678"]
    assert (await calls(stack, "leadmagic"))["phone"] == 1


async def test_four_failures_and_a_success_do_not_add_up(stack: Stack) -> None:
    for _ in range(3):
        await stack.fault("leadmagic", "email", "http_500", count=4)
        for _ in range(5):
            assert (await stack.enrich("email")).status == 200
    assert await calls(stack, "leadmagic") == {"email": 15}
    assert (await ready(stack))["leadmagic"] == "ok"


async def test_misses_never_pause_a_vendor(stack: Stack) -> None:
    await stack.fault("leadmagic", "email", "miss", count=8)
    for _ in range(8):
        assert (await stack.enrich("email")).status == 200
    assert await calls(stack, "leadmagic") == {"email": 8}


async def test_a_vendor_that_says_when_to_come_back_is_asked_again_then_and_not_before(
    stack: Stack,
) -> None:
    before = time.monotonic()
    await stack.fault("leadmagic", "email", "rate_limited")  # it says: in one second
    assert (await stack.enrich("email")).status == 200
    assert await calls(stack, "leadmagic") == {"email": 1}
    for _ in range(5000):
        assert (await stack.enrich("email")).status == 200
        if await calls(stack, "leadmagic") == {"email": 2}:
            break
    else:
        raise AssertionError("it was never asked again")
    assert time.monotonic() - before >= 1.0
    assert (await ready(stack))["leadmagic"] == "ok"


async def test_when_every_vendor_is_paused_the_answer_is_503_without_a_call(stack: Stack) -> None:
    for vendor in ("leadmagic", "prospeo", "findymail", "hunter", "pronto", "airscale"):
        await stack.fault(vendor, "email", "bad_key", count=5)
    assert (await stack.enrich("email")).status == 503
    before = await stack.total_calls()
    assert (await stack.enrich("email")).status == 503
    assert await stack.total_calls() == before


async def test_no_vendor_is_ever_followed_to_where_it_redirects(stack: Stack) -> None:
    for vendor in ("leadmagic", "prospeo", "findymail", "hunter", "pronto", "airscale"):
        for kind in ("email", "phone", "personal_email", "verify"):
            await stack.fault(vendor, kind, "redirect", count=3)
    for _ in range(3):
        reply = await stack.enrich("email", "phone", "personal_email")
        assert reply.status == 503
    assert not any("redirected" in counted for counted in (await stack.calls()).values())
