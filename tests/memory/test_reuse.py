"""Answers that are used again, end to end."""

from datetime import datetime
from typing import Any

import pytest

from tests.compat.pages import CONSENT
from tests.memory.asking import HOUR, account, age, answer, ask, change, charged, trace
from tests.stack import Reply, Stack

NOBODY = {"firstname": "No", "lastname": "Body", "linkedin_url": None}


async def test_the_second_answer_is_the_same_without_a_call_and_at_its_price(stack: Stack) -> None:
    key = await account(stack)
    first = await ask(stack, key, "email", "phone")
    calls = await stack.calls()
    second = await ask(stack, key, "email", "phone")
    assert await stack.calls() == calls
    assert answer(second) == answer(first)
    assert trace(first) == [("leadmagic", "found", "asked")] * 2
    assert trace(second) == [("leadmagic", "found", "reused")] * 2
    assert (charged(first), charged(second)) == (33, 16.5)
    assert await stack.balance(key) == (1000 - 33 - 16.5, 0)
    assert second.headers["X-Headrace-Sandbox"] == "true", "invented people stay invented"


async def test_the_trace_of_a_reused_answer_says_what_it_cost_and_when_it_was_found(stack: Stack) -> None:
    key = await account(stack)
    await ask(stack, key)
    age(stack, 600)
    reused = await ask(stack, key)
    (attempt,) = reused.json["attempts"]
    assert (attempt["vendor_cost"], attempt["http_status"], attempt["accepted"]) == (0, None, True)
    stored = await _stored(stack, key, reused)
    assert stored.json["attempts"] == [attempt]
    times = [stored.json["provenance"]["email"]["found_at"], stored.json["created_at"]]
    found_at, created_at = map(datetime.fromisoformat, times)
    assert 600 <= (created_at - found_at).total_seconds() < 600 + HOUR


async def test_a_call_that_was_saved_is_counted_as_one(stack: Stack) -> None:
    async def counted() -> tuple[float, float, float]:
        text = (await stack.send("GET", "/metrics", key="")).text
        asked = 'headrace_attempts_total{field="email",kind="find",outcome="found",provider="leadmagic"} '
        saved = 'headrace_saved_calls_total{how="reused",provider="leadmagic"} '
        spent = 'headrace_vendor_credits_total{provider="leadmagic"} '
        told = [line for line in text.splitlines() if not line.startswith("#")]
        asked_, saved_, spent_ = (
            sum(float(line.removeprefix(name)) for line in told if line.startswith(name))
            for name in (asked, saved, spent)
        )
        return asked_, saved_, spent_

    key = await account(stack)
    await ask(stack, key)
    asked, saved, spent = await counted()
    await ask(stack, key)
    assert await counted() == (asked, saved + 1, spent)
    assert asked


async def test_an_answer_is_used_until_it_is_too_old(stack: Stack) -> None:
    key = await account(stack, max_age=HOUR)
    await ask(stack, key)
    age(stack, HOUR / 2)
    assert trace(await ask(stack, key)) == [("leadmagic", "found", "reused")]
    age(stack, HOUR / 2)
    assert trace(await ask(stack, key)) == [("leadmagic", "found", "asked")]
    assert trace(await ask(stack, key)) == [("leadmagic", "found", "reused")]


async def test_how_long_it_may_be_kept_counts_from_the_first_time(stack: Stack) -> None:
    key = await account(stack)
    await ask(stack, key)
    age(stack, HOUR)
    change(stack, "UPDATE answers SET first_obtained_at = first_obtained_at - ?", HOUR)
    await ask(stack, key)
    ((obtained, first),) = _kept(stack, "obtained_at, first_obtained_at")
    assert obtained - first >= HOUR


async def test_a_miss_has_an_age_of_its_own(stack: Stack) -> None:
    key = await account(stack, max_age=HOUR, miss_max_age=60)
    missed = await ask(stack, key, **NOBODY)
    assert [how for *_, how in trace(missed)] == ["asked", "asked"]
    again = await ask(stack, key, **NOBODY)
    assert [how for *_, how in trace(again)] == ["reused", "reused"]
    assert (answer(again), charged(again)) == (answer(missed), 0)
    age(stack, 60)
    assert [how for *_, how in trace(await ask(stack, key, **NOBODY))] == ["asked", "asked"]


async def test_without_an_age_for_misses_they_are_asked_about_again(stack: Stack) -> None:
    key = await account(stack, miss_max_age=0)
    for _ in range(2):
        assert [how for *_, how in trace(await ask(stack, key, **NOBODY))] == ["asked", "asked"]


async def test_a_verification_is_used_again_too(stack: Stack) -> None:
    key = await account(stack)
    await stack.fault("leadmagic", "email", "miss")
    first = await ask(stack, key)
    assert trace(first) == [
        ("leadmagic", "missing", "asked"),
        ("findymail", "found", "asked"),
        ("hunter", "found", "asked"),
    ]
    calls = await stack.calls()
    second = await ask(stack, key)
    assert await stack.calls() == calls
    assert trace(second) == [(who, outcome, "reused") for who, outcome, _ in trace(first)]
    assert (answer(second), charged(second)) == (answer(first), 1.5)


async def test_a_fresh_value_with_a_remembered_verdict_costs_the_whole_price(stack: Stack) -> None:
    key = await account(stack)
    await stack.fault("leadmagic", "email", "miss", count=2)
    await ask(stack, key)
    reply = await ask(stack, key, firstname="Mathieu ", company_name="Pronto SAS")
    assert trace(reply) == [
        ("leadmagic", "missing", "asked"),
        ("findymail", "found", "asked"),
        ("hunter", "found", "reused"),
    ]
    assert charged(reply) == 3


@pytest.mark.parametrize("fault", ["http_500", "malformed_json", "reset"])
async def test_a_failure_is_never_remembered(stack: Stack, fault: str) -> None:
    key = await account(stack)
    await stack.fault("leadmagic", "email", fault)
    first = await ask(stack, key)
    assert trace(first)[0] == ("leadmagic", "failed", "asked")
    assert trace(await ask(stack, key))[0] == ("leadmagic", "found", "asked")


async def test_another_question_is_asked(stack: Stack) -> None:
    key = await account(stack)
    await ask(stack, key)
    others: list[dict[str, Any]] = [{"domain": "pronto.test"}, {"company_name": None}, {"lastname": "Brun"}]
    for other in others:
        assert trace(await ask(stack, key, **other))[0][2] == "asked"


async def test_numbers_of_other_countries_are_another_question(stack: Stack) -> None:
    key = await account(stack)
    await ask(stack, key, "phone")
    french = await ask(stack, key, "phone", phone_country_codes=["FR"])
    assert trace(french) == [("leadmagic", "found", "asked")]
    assert trace(await ask(stack, key, "phone", phone_country_codes=["FR"]))[0][2] == "reused"


# Whose memory it is


async def test_unless_an_account_asks_for_it_nothing_is_used_again_or_even_kept(stack: Stack) -> None:
    key = await stack.open_account("without memory")
    for _ in range(2):
        reply = await ask(stack, key)
        assert {how for *_, how in trace(reply)} == {"asked"}
    assert _kept(stack, "id") == []


async def test_each_account_decides_how_old_an_answer_may_be(stack: Stack) -> None:
    patient, hasty = await account(stack, max_age=HOUR), await account(stack, max_age=60)
    never = await account(stack, max_age=0)
    await ask(stack, patient)
    age(stack, 600)
    assert trace(await ask(stack, patient)) == [("leadmagic", "found", "reused")]
    assert trace(await ask(stack, never)) == [("leadmagic", "found", "asked")]
    assert trace(await ask(stack, hasty)) == [("leadmagic", "found", "asked")]
    age(stack, 30)
    assert trace(await ask(stack, hasty)) == [("leadmagic", "found", "reused")]


async def test_consent_is_the_askers_own(stack: Stack) -> None:
    with_, without = await account(stack), await account(stack, consents=False)
    assert (await ask(stack, with_, "personal_email")).json["personal_email"]
    refused = await stack.enrich("personal_email", key=without)
    assert (refused.status, refused.json["message"]) == (422, CONSENT)
    again = await ask(stack, with_, "personal_email")
    assert [how for *_, how in trace(again)] == ["reused"]


@pytest.mark.parametrize("known_by", ["email:mathieu@prontohq.com", "linkedin:mathieu-brun-picard"])
async def test_who_is_suppressed_since_is_not_found_again(stack: Stack, known_by: str) -> None:
    key = await account(stack)
    await ask(stack, key)
    calls = await stack.calls()
    await stack.headrace.storage.suppressions.add([known_by], "request", "operator")
    missed = await stack.enrich("email", key=key)
    assert (missed.status, missed.json["email"], charged(missed)) == (200, None, 0)
    assert _kept(stack, "id") == [], "it was forgotten, and is not remembered anew"
    if known_by.startswith("linkedin"):
        assert await stack.calls() == calls


async def test_an_answer_that_outlived_its_suppression_is_withheld(stack: Stack) -> None:
    """As when both happen at the same moment: the answer is screened like one that came just now."""
    key = await account(stack)
    await ask(stack, key)
    calls = await stack.calls()
    vault = stack.headrace.storage.vault
    digest = vault.digest("email:mathieu@prontohq.com")
    change(stack, "INSERT INTO suppressions VALUES (?, 'email', 'request', 0)", digest)
    missed = await stack.enrich("email", key=key)
    assert (missed.status, missed.json["email"], charged(missed)) == (200, None, 0)
    assert await stack.calls() == calls


async def test_what_is_remembered_cannot_be_read_in_the_database(stack: Stack) -> None:
    key = await account(stack)
    await ask(stack, key, "email", "phone")
    kept = b"".join(bytes(value) for row in _kept(stack, "question, answer") for value in row)
    assert kept
    for secret in (b"mathieu", b"prontohq", b"33612345678"):
        assert secret not in kept.lower()


async def _stored(stack: Stack, key: str, reply: Reply) -> Reply:
    return await stack.send("GET", f"/v2/enrichments/{reply.json['enrichment_id']}", key=key)


def _kept(stack: Stack, columns: str) -> list[Any]:
    return [tuple(row) for row in stack.rows(f"SELECT {columns} FROM answers")]
