"""The documented requests and replies, key by key and in the documented order."""

import uuid
from itertools import permutations
from typing import Any

import pytest

from tests.compat.pages import (
    CURL_BODY,
    CUSTOM_FIELDS_BODY,
    EMAIL_AND_PHONE,
    EMAIL_ONLY,
    KINDS,
    NOTHING_FOUND,
    PARTIAL,
    PERSONAL_EMAIL_ONLY,
    PHONE_ONLY,
    PRICES,
    expected,
    know_nothing_of,
    without_id,
)
from tests.stack import ENRICH, Stack

PAGE = [
    (("email",), EMAIL_ONLY),
    (("phone",), PHONE_ONLY),
    (("email", "phone"), EMAIL_AND_PHONE),
    (("personal_email",), PERSONAL_EMAIL_ONLY),
]


@pytest.mark.parametrize(("asked", "documented"), PAGE, ids=["email", "phone", "both", "personal"])
async def test_the_pages_success_examples_are_answered_to_the_letter(
    stack: Stack, asked: tuple[str, ...], documented: dict[str, object]
) -> None:
    reply = await stack.enrich(*asked)
    assert reply.status == 200
    assert without_id(reply.json) == list(documented.items())
    assert next(iter(reply.json)) == "enrichment_id"


async def test_the_pages_miss_example_is_answered_to_the_letter(stack: Stack) -> None:
    await know_nothing_of(stack, "email", "phone")
    reply = await stack.enrich("email", "phone")
    assert reply.status == 200
    assert without_id(reply.json) == list(NOTHING_FOUND.items())


async def test_the_pages_curl_call_gives_every_documented_value(stack: Stack) -> None:
    reply = await stack.send("POST", ENRICH, raw=CURL_BODY)
    assert reply.status == 200
    answer = {**expected(("email", "phone", "personal_email")), "custom": {"hubspot_id": "4447901"}}
    assert without_id(reply.json) == list(answer.items())


async def test_the_pages_custom_fields_request_is_answered(stack: Stack) -> None:
    reply = await stack.send("POST", ENRICH, raw=CUSTOM_FIELDS_BODY)
    assert reply.status == 200
    custom = {"crm_id": "12345", "campaign": "outbound_q1", "segment": "enterprise"}
    assert without_id(reply.json) == list({**EMAIL_ONLY, "custom": custom}.items())


@pytest.mark.parametrize("asked", KINDS, ids="+".join)
async def test_a_hit_has_the_keys_of_the_kinds_asked_for_and_no_others(
    stack: Stack, asked: tuple[str, ...]
) -> None:
    reply = await stack.enrich(*asked)
    assert without_id(reply.json) == list(expected(asked).items())
    assert reply.headers["X-Headrace-Credits-Charged"] == str(sum(PRICES[kind] for kind in asked))


@pytest.mark.parametrize("asked", KINDS, ids="+".join)
async def test_a_miss_has_empty_values_and_a_message_that_names_what_was_asked(
    stack: Stack, asked: tuple[str, ...]
) -> None:
    await know_nothing_of(stack, *asked)
    reply = await stack.enrich(*asked)
    assert reply.status == 200
    assert without_id(reply.json) == list(expected(asked, asked).items())
    assert reply.headers["X-Headrace-Credits-Charged"] == "0"


@pytest.mark.parametrize(("asked", "missed"), PARTIAL, ids="+".join)
async def test_a_partial_hit_is_a_success_without_message_and_costs_what_was_found(
    stack: Stack, asked: tuple[str, ...], missed: tuple[str, ...]
) -> None:
    await know_nothing_of(stack, *missed)
    before, _ = await stack.balance()
    reply = await stack.enrich(*asked)
    assert reply.status == 200
    assert without_id(reply.json) == list(expected(asked, missed).items())
    assert "message" not in reply.json
    price = sum(PRICES[kind] for kind in asked if kind not in missed)
    assert reply.headers["X-Headrace-Credits-Charged"] == str(price)
    assert await stack.balance() == (before - price, 0)


@pytest.mark.parametrize("asked", list(permutations(("phone", "email", "personal_email"))), ids="+".join)
async def test_the_order_in_which_kinds_are_asked_changes_nothing(
    stack: Stack, asked: tuple[str, ...]
) -> None:
    found = await stack.enrich(*asked)
    assert without_id(found.json) == list(expected(asked).items())
    await know_nothing_of(stack, *asked)
    missed = await stack.enrich(*asked)
    assert without_id(missed.json) == list(expected(asked, asked).items())


@pytest.mark.parametrize(
    "asked", [("email", "email"), ("phone", "email", "phone"), ("personal_email",) * 3], ids="+".join
)
async def test_a_kind_asked_for_twice_is_looked_for_and_charged_once(
    stack: Stack, asked: tuple[str, ...]
) -> None:
    reply = await stack.enrich(*asked)
    assert without_id(reply.json) == list(expected(asked).items())
    assert reply.headers["X-Headrace-Credits-Charged"] == str(sum(PRICES[kind] for kind in set(asked)))
    assert await stack.total_calls() == len(set(asked))


async def test_every_enrichment_has_an_id_of_its_own_that_is_a_uuid(stack: Stack) -> None:
    ids = [(await stack.enrich("email")).json["enrichment_id"] for _ in range(3)]
    assert [str(uuid.UUID(given)) for given in ids] == ids
    assert len(set(ids)) == 3


async def test_the_first_kind_to_fail_does_not_hide_what_the_others_found(stack: Stack) -> None:
    for vendor in ("pronto", "leadmagic", "airscale"):
        await stack.fault(vendor, "personal_email", "http_500")
    reply = await stack.enrich("email", "personal_email")
    assert reply.status == 200
    assert without_id(reply.json) == list(expected(("email", "personal_email"), ("personal_email",)).items())


@pytest.mark.parametrize(
    "path",
    [
        "/v2/contacts/single_enrich",
        "/v2/contacts/sync_single_enrich",
        "//v2/contacts/single_enrich",
        "/v2//contacts//sync_single_enrich",
    ],
)
async def test_both_paths_answer_also_with_a_doubled_slash(stack: Stack, path: str) -> None:
    reply = await stack.enrich("email", path=path)
    assert reply.status == 200
    assert without_id(reply.json) == list(EMAIL_ONLY.items())


@pytest.mark.parametrize("name", ["X-API-KEY", "X-API-Key", "X-Api-Key", "x-api-key"])
async def test_the_keys_header_is_taken_in_any_case(stack: Stack, name: str) -> None:
    header: dict[str, Any] = {name: stack.key}
    reply = await stack.send("GET", "/v2/credits", key="", **header)
    assert reply.status == 200


@pytest.mark.parametrize("prefix", ["/v2", "/api/v2", "//v2", "/api//v2"])
async def test_credits_and_account_stand_under_both_prefixes(stack: Stack, prefix: str) -> None:
    credits = await stack.send("GET", f"{prefix}/credits")
    assert credits.status == 200
    assert credits.json == {"credits": (await stack.balance())[0], "held": 0}
    account = await stack.send("GET", f"{prefix}/account")
    assert account.status == 200
    assert account.json["name"] == "main"
    assert set(account.json["organization"]) == {"id", "name"}
    assert "email" in account.json


async def test_unknown_fields_are_ignored(stack: Stack) -> None:
    reply = await stack.enrich("email", list_id=7, nested={"a": [1]}, first_name="ignored")
    assert without_id(reply.json) == list(EMAIL_ONLY.items())


async def test_an_unknown_person_is_named_as_in_the_request_and_has_no_profile(stack: Stack) -> None:
    body = {
        "firstname": "Nobody",
        "lastname": "Of Nowhere",
        "domain": "nowhere.example",
        "enrichment_type": ["email"],
    }
    reply = await stack.send("POST", ENRICH, body=body)
    assert without_id(reply.json) == [
        ("first_name", "Nobody"),
        ("last_name", "Of Nowhere"),
        ("linkedin_profile_url", None),
        ("status", "error"),
        ("message", "No email found for this profile"),
        ("email", None),
        ("email_status", "N/A"),
    ]
