"""Accounts and their settings."""

import asyncio
import re
from typing import Any

import pytest

from headrace.operate.model import NameTaken, Settings
from tests.admin.desk import Desk


async def test_an_account_is_made_with_all_that_it_begins_with(desk: Desk) -> None:
    made = await desk.account(
        "begins", credits=12.5, consent=True, phone_countries=["fr", "US", "FR"], validation="lenient",
        email_status_vocabulary="deliverability", accept_risky=True, max_age=60, miss_max_age=0.5,
    )  # fmt: skip

    assert list(made) == ["account_id", "name", "api_key"]
    assert re.fullmatch(r"hr_[a-z0-9]{12}_[\w-]{43}", made["api_key"])
    assert (await desk.send("GET", f"/accounts/{made['account_id']}")).json == {
        "account_id": made["account_id"],
        "name": "begins",
        "available": 12.5,
        "held": 0,
        "consents_personal_email": True,
        "phone_countries": ["FR", "US"],
        "validation": "lenient",
        "email_status_vocabulary": "deliverability",
        "accept_risky": True,
        "max_age": 60,
        "miss_max_age": 0.5,
        "deliverable": 0.9,
        "catch_all": 0.8,
        "invalid": 0.2,
    }
    own = await desk.stack.send("GET", "/v2/account", key=made["api_key"])
    assert (own.status, own.json["name"]) == (200, "begins")


async def test_a_name_is_taken_once_whoever_comes_first(desk: Desk) -> None:
    replies = await asyncio.gather(*(desk.send("POST", "/accounts", {"name": "raced"}) for _ in range(20)))

    assert sorted(reply.status for reply in replies) == [201] + [409] * 19
    refused = next(reply for reply in replies if reply.status == 409)
    assert refused.json["code"] == "name_taken"
    assert (
        desk.stack.rows(
            "SELECT COUNT(*) FROM api_keys k JOIN accounts a ON a.id = k.account_id WHERE a.name = 'raced'"
        )[0][0]
        == 1
    )


async def test_the_id_of_an_account_is_no_name_for_another(desk: Desk) -> None:
    made = await desk.account("first of two")

    assert (await desk.send("POST", "/accounts", {"name": made["account_id"]})).status == 409
    with pytest.raises(NameTaken):
        await desk.stack.headrace.storage.accounts.create(made["account_id"], Settings())


async def test_accounts_come_page_by_page_each_once(desk: Desk) -> None:
    for number in range(7):
        await desk.account(f"page {number}")
    everyone = (await desk.send("GET", "/accounts?limit=200")).json
    assert everyone["next"] is None

    seen, after = [], ""
    while True:
        page = (await desk.send("GET", f"/accounts?limit=3&after={after}")).json
        assert len(page["accounts"]) <= 3
        seen += page["accounts"]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == everyone["accounts"]
    assert len({each["account_id"] for each in seen}) == len(seen) >= 8


async def test_an_account_is_found_by_id_and_by_name(desk: Desk) -> None:
    made = await desk.account("by name & id")

    by_id = await desk.send("GET", f"/accounts/{made['account_id']}")
    by_name = await desk.send("GET", "/accounts/by%20name%20&%20id")
    assert by_id.json == by_name.json


async def test_settings_that_are_not_given_stay(desk: Desk) -> None:
    await desk.account("settled", phone_countries=["FR"], accept_risky=True, max_age=5)

    changed = await desk.send("PATCH", "/accounts/settled", {"validation": "lenient", "accept_risky": False})
    assert changed.status == 200
    assert changed.json == (await desk.send("GET", "/accounts/settled")).json
    said = {name: changed.json[name] for name in ("phone_countries", "validation", "accept_risky", "max_age")}
    assert said == {"phone_countries": ["FR"], "validation": "lenient", "accept_risky": False, "max_age": 5}
    nothing = await desk.send("PATCH", "/accounts/settled", {})
    assert nothing.json == changed.json
    cleared = await desk.send("PATCH", "/accounts/settled", {"phone_countries": [], "max_age": 0})
    assert (cleared.json["phone_countries"], cleared.json["max_age"]) == ([], 0)


async def test_settings_hold_from_the_next_request_on(desk: Desk) -> None:
    made = await desk.account("strict at first", credits=100)
    lone: dict[str, Any] = {"firstname": None, "lastname": None}

    assert (await desk.stack.enrich("email", key=made["api_key"], **lone)).status == 400
    await desk.send("PATCH", "/accounts/strict at first", {"validation": "lenient"})
    assert (await desk.stack.enrich("email", key=made["api_key"], **lone)).status == 200


async def test_each_change_is_in_the_audit_log_with_who_made_it(desk: Desk) -> None:
    made = await desk.account("audited", credits=1, consent=True)
    await desk.send("PATCH", "/accounts/audited", {"accept_risky": True})

    actions = ["account.create", "consent.grant", "credits.grant", "account.set"]
    assert await desk.done(made["account_id"]) == [(desk.actor, action) for action in actions]
    assert await desk.done(made["api_key"].split("_")[1]) == [(desk.actor, "key.create")]


async def test_what_is_refused_is_not_in_the_audit_log(desk: Desk) -> None:
    await desk.account("refused twice")
    lines = (await desk.send("GET", "/audit?limit=1")).json["entries"][0]["id"]

    await desk.send("POST", "/accounts", {"name": "refused twice"})
    await desk.send("PATCH", "/accounts/refused twice", {"max_age": -1})
    await desk.send("POST", "/accounts/refused twice/credits", {"amount": -1})
    assert (await desk.send("GET", "/audit?limit=1")).json["entries"][0]["id"] == lines


async def test_thresholds_are_set_together_or_one_by_one(desk: Desk) -> None:
    made = await desk.account("careful", deliverable=0.99, catch_all=0.95, invalid=0.1)
    path = f"/accounts/{made['account_id']}"
    changed = await desk.send("PATCH", path, {"catch_all": 0.97})
    assert changed.status == 200, changed.text
    assert [changed.json[name] for name in ("deliverable", "catch_all", "invalid")] == [0.99, 0.97, 0.1]
    assert (await desk.send("GET", path)).json == changed.json


@pytest.mark.parametrize("name", ["", "  ", " a", "a\nb", "a" * 201])
async def test_a_name_that_could_not_be_asked_for_is_refused(desk: Desk, name: str) -> None:
    refused = await desk.send("POST", "/accounts", {"name": name})
    assert (refused.status, refused.json["code"]) == (400, "bad_request")
    assert "name" in refused.json["message"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"deliverable": 0.7}, "they would be 0.7, 0.8, 0.2"),
        ({"catch_all": 0.95}, "they would be 0.9, 0.95, 0.2"),
        ({"invalid": 0.8}, "they would be 0.9, 0.8, 0.8"),
        ({"invalid": -0.1}, "invalid must be a probability from 0 to 1"),
        ({"deliverable": 1.1}, "deliverable must be a probability from 0 to 1"),
        ({"catch_all": "high"}, "catch_all must be a probability from 0 to 1"),
    ],
)
async def test_thresholds_that_make_no_sense_change_nothing(
    desk: Desk, change: dict[str, Any], complaint: str
) -> None:
    before = (await desk.send("GET", "/accounts/main")).json
    refused = await desk.send("PATCH", "/accounts/main", change)
    assert (refused.status, refused.json["code"]) == (400, "bad_request")
    assert complaint in refused.json["message"]
    assert (await desk.send("GET", "/accounts/main")).json == before
