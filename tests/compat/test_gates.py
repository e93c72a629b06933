"""Required fields, consent, credits, and the order in which they are checked."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compat.pages import CONSENT, FOUND, KINDS, PRICES, expected, without_id
from tests.stack import ENRICH, SEED, Reply, Stack, running

NUMBERS = itertools.count()
PROFILE = SEED["linkedin_url"]


async def account(stack: Stack, credits: float = 1000, consents: bool = True, **settings: Any) -> str:
    """A new account's key."""
    return await stack.open_account(f"gates {next(NUMBERS)}", credits, consents, **settings)


async def ask(stack: Stack, key: str, *kinds: str, **fields: Any) -> Reply:
    """A request with just these fields."""
    return await stack.send("POST", ENRICH, key=key, body={"enrichment_type": list(kinds), **fields})


async def assert_untouched(stack: Stack, key: str, credits: float = 1000) -> None:
    """No vendor was asked, and the account has what it had."""
    assert await stack.total_calls() == 0
    assert await stack.balance(key) == (credits, 0)


WITH_PERSONAL = [
    *(kinds for kinds in KINDS if "personal_email" in kinds),
    ("personal_email", "personal_email"),
    ("personal_email", "email", "personal_email"),
]


@pytest.mark.parametrize("kinds", WITH_PERSONAL, ids="+".join)
async def test_without_consent_the_whole_request_is_refused_before_anything_is_spent(
    stack: Stack, kinds: tuple[str, ...]
) -> None:
    key = await account(stack, consents=False)
    reply = await stack.enrich(*kinds, key=key)
    assert reply.status == 422
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json == {"error": 422, "message": CONSENT, "code": "consent_missing"}
    await assert_untouched(stack, key)


async def test_without_consent_the_other_kinds_work(stack: Stack) -> None:
    reply = await stack.enrich("email", "phone", key=await account(stack, consents=False))
    assert without_id(reply.json) == list(expected(("email", "phone")).items())


async def test_a_withdrawn_consent_closes_the_gate_from_the_next_request_on(stack: Stack) -> None:
    name = f"withdraws {next(NUMBERS)}"
    key = await stack.open_account(name, consents=True)
    assert (await stack.enrich("personal_email", key=key)).status == 200
    accounts = stack.headrace.storage.accounts
    await accounts.consent(await accounts.get(name), granted=False, actor="operator")
    refused = await stack.enrich("personal_email", key=key)
    assert (refused.status, refused.json["message"]) == (422, CONSENT)
    await accounts.consent(await accounts.get(name), granted=True, actor="operator")
    assert (await stack.enrich("personal_email", key=key)).status == 200


STRICT_REFUSALS = [
    ("email", {"firstname": None}, "firstname"),
    ("email", {"lastname": None}, "lastname"),
    ("email", {"firstname": ""}, "firstname"),
    ("email", {"lastname": " \t "}, "lastname"),
    ("phone", {"linkedin_url": None}, "linkedin_url"),
    ("phone", {"linkedin_url": ""}, "linkedin_url"),
    ("phone", {"linkedin_url": "   "}, "linkedin_url"),
    ("personal_email", {"linkedin_url": None}, "linkedin_url"),
    ("personal_email", {"firstname": None, "lastname": None}, "firstname"),
]


@pytest.mark.parametrize(("kind", "changes", "named"), STRICT_REFUSALS)
async def test_a_strict_account_must_send_the_required_fields(
    stack: Stack, kind: str, changes: dict[str, Any], named: str
) -> None:
    key = await account(stack)
    reply = await stack.enrich(kind, key=key, **changes)
    assert reply.status == 400
    assert reply.json["error"] == 400
    assert reply.json["code"] == "bad_request"
    assert named in reply.json["message"]
    await assert_untouched(stack, key)


async def test_without_a_kind_the_request_is_refused(stack: Stack) -> None:
    body = {key: value for key, value in SEED.items() if key != "enrichment_type"}
    reply = await stack.send("POST", ENRICH, body=body)
    assert reply.status == 400
    assert "enrichment_type" in reply.json["message"]


async def test_a_strict_account_may_leave_out_the_employer(stack: Stack) -> None:
    name = {"firstname": "Mathieu", "lastname": "Brun-Picard"}
    key = await account(stack)
    assert (await ask(stack, key, "email", **name, linkedin_url=PROFILE)).json["status"] == "success"
    reply = await ask(stack, key, "email", **name)
    assert (reply.status, reply.json["status"], reply.json["email"]) == (200, "error", None)


@pytest.mark.parametrize("blank", ["", " ", "\n\t "])
async def test_blank_optional_fields_count_as_absent(stack: Stack, blank: str) -> None:
    fields = {**SEED, "company_name": blank, "domain": blank, "webhook_url": blank}
    reply = await ask(stack, stack.key, "email", "phone", **fields)
    assert without_id(reply.json) == list(expected(("email", "phone")).items())
    reply = await ask(stack, stack.key, "email", **{**SEED, "linkedin_url": blank})
    assert (reply.json["status"], reply.json["linkedin_profile_url"]) == ("success", None)


async def test_a_lenient_account_needs_only_the_profile(stack: Stack) -> None:
    key = await account(stack, validation="lenient")
    kinds = ("email", "phone", "personal_email")
    reply = await ask(stack, key, *kinds, linkedin_url=PROFILE)
    assert reply.status == 200
    assert {name: reply.json[name] for kind in kinds for name in FOUND[kind]} == {
        name: value for kind in kinds for name, value in FOUND[kind].items()
    }
    assert reply.json["linkedin_profile_url"] == PROFILE


@pytest.mark.parametrize("extra", [("phone",), ("personal_email",), ("phone", "personal_email")])
async def test_a_lenient_account_without_a_profile_gets_the_work_email_and_empty_keys_for_the_rest(
    stack: Stack, extra: tuple[str, ...]
) -> None:
    key = await account(stack, validation="lenient")
    reply = await stack.enrich("email", *extra, key=key, linkedin_url=None)
    answer = {
        **expected(("email", *extra), extra),
        "linkedin_profile_url": None,
    }
    assert without_id(reply.json) == list(answer.items())
    assert not any("phone" in calls or "personal_email" in calls for calls in (await stack.calls()).values())
    assert await stack.balance(key) == (1000 - PRICES["email"], 0)


async def test_a_lenient_account_without_a_profile_still_needs_consent_for_personal_email(
    stack: Stack,
) -> None:
    key = await account(stack, consents=False, validation="lenient")
    reply = await stack.enrich("email", "personal_email", key=key, linkedin_url=None)
    assert (reply.status, reply.json["message"]) == (422, CONSENT)


LENIENT_REFUSALS = [
    (("phone",), SEED, "linkedin_url"),
    (("personal_email",), SEED, "linkedin_url"),
    (("phone", "personal_email"), SEED, "linkedin_url"),
    (("email",), {"firstname": "Mathieu", "lastname": "Brun-Picard"}, "domain"),
    (("email", "phone"), {"firstname": "Mathieu", "lastname": "Brun-Picard", "domain": ""}, "domain"),
    (("email",), {"domain": "prontohq.com"}, "firstname"),
    (("email",), {"firstname": "Mathieu", "domain": "prontohq.com"}, "lastname"),
    (("email",), {"lastname": "Brun-Picard", "company_name": "Pronto"}, "firstname"),
    (("email",), {}, "linkedin_url"),
]


@pytest.mark.parametrize(("kinds", "fields", "named"), LENIENT_REFUSALS)
async def test_a_lenient_account_without_a_profile_must_name_a_person_and_an_employer(
    stack: Stack, kinds: tuple[str, ...], fields: dict[str, str], named: str
) -> None:
    key = await account(stack, validation="lenient")
    reply = await ask(
        stack, key, *kinds, **{name: value for name, value in fields.items() if name != "linkedin_url"}
    )
    assert reply.status == 400
    assert named in reply.json["message"]
    await assert_untouched(stack, key)


@pytest.mark.parametrize("employer", [{"domain": "prontohq.com"}, {"company_name": "Pronto"}])
async def test_a_lenient_account_may_give_either_form_of_the_employer(
    stack: Stack, employer: dict[str, str]
) -> None:
    key = await account(stack, validation="lenient")
    reply = await ask(stack, key, "email", firstname="Mathieu", lastname="Brun-Picard", **employer)
    assert reply.json["email"] == "mathieu@prontohq.com"


@pytest.mark.parametrize("kinds", KINDS, ids="+".join)
async def test_the_balance_must_cover_everything_that_is_asked_for(
    stack: Stack, kinds: tuple[str, ...]
) -> None:
    price = sum(PRICES[kind] for kind in kinds)
    short = await account(stack, credits=price - 0.001)
    refused = await stack.enrich(*kinds, key=short)
    assert refused.status == 422
    assert refused.headers["Content-Type"] == "application/json"
    assert refused.json == {
        "error": 422,
        "message": "Insufficient enrichment credits",
        "code": "insufficient_credits",
    }
    await assert_untouched(stack, short, price - 0.001)
    enough = await account(stack, credits=price)
    assert (await stack.enrich(*kinds, key=enough)).status == 200
    assert await stack.balance(enough) == (0, 0)


async def test_what_is_not_found_stays_on_the_balance_and_can_be_spent(stack: Stack) -> None:
    key = await account(stack, credits=3)
    nobody: dict[str, Any] = {
        "firstname": "No",
        "lastname": "Body",
        "domain": "nowhere.example",
        "linkedin_url": None,
    }
    assert (await stack.enrich("email", key=key, **nobody)).json["status"] == "error"
    assert await stack.balance(key) == (3, 0)
    assert (await stack.enrich("email", key=key)).json["status"] == "success"
    assert (await stack.enrich("email", key=key)).status == 422


async def test_a_bad_key_is_refused_before_a_bad_body(stack: Stack) -> None:
    reply = await stack.send("POST", ENRICH, key="wrong", raw=b"{")
    assert reply.status == 401


async def test_a_bad_body_is_refused_before_a_missing_consent(stack: Stack) -> None:
    key = await account(stack, consents=False)
    assert (await stack.enrich("personal_email", key=key, linkedin_url=None)).status == 400


async def test_a_missing_consent_is_refused_before_missing_credits(stack: Stack) -> None:
    key = await account(stack, credits=0, consents=False)
    reply = await stack.enrich("personal_email", key=key)
    assert (reply.status, reply.json["code"]) == (422, "consent_missing")
    await assert_untouched(stack, key, 0)


@pytest.fixture(scope="module")
def slow_lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that admits one request in a second."""
    with running(tmp_path_factory.mktemp("slow"), SERVER__RATE_LIMIT="1") as made:
        yield made


WORSE: list[tuple[int, dict[str, Any]]] = [
    (400, {"raw": b"{"}),
    (422, {"body": {**SEED, "enrichment_type": ["personal_email"]}}),
    (422, {"body": {**SEED, "enrichment_type": ["email"]}}),
]


@pytest.mark.parametrize(("status", "request_"), WORSE, ids=["malformed", "no consent", "no credits"])
async def test_the_rate_limit_comes_after_the_key_and_before_everything_else(
    slow_lane: Stack, status: int, request_: dict[str, Any]
) -> None:
    key = await slow_lane.open_account(f"poor {next(NUMBERS)}", credits=0)
    statuses = {(await slow_lane.send("POST", ENRICH, key=key, **request_)).status for _ in range(20)}
    assert statuses == {429, status}
    assert (await slow_lane.send("POST", ENRICH, key="wrong", **request_)).status == 401
    assert await slow_lane.total_calls() == 0
