"""Persons who must be left alone."""

from typing import Any

import pytest

from tests.admin.desk import Desk
from tests.stack import SEED

PERSON = {
    "email": "Jane.Doe+news@Gmail.com",
    "phone": "+33 6 12 34 56 78",
    "name": "Jane Doe",
    "domain": "acme.example",
}


async def listed(desk: Desk) -> list[dict[str, Any]]:
    """All that is suppressed, read three at a time."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = (await desk.send("GET", f"/suppressions?limit=3&after={after}")).json
        found += page["suppressions"]
        if page["next"] is None:
            return found
        after = page["next"]


async def test_a_person_is_suppressed_listed_by_hashes_and_released(desk: Desk) -> None:
    added = await desk.send("POST", "/suppressions", PERSON)
    assert (added.status, added.json) == (201, {"identifiers": 3, "added": 3})
    other_spelling = {"email": "janedoe@googlemail.com"}
    assert (await desk.send("POST", "/suppressions", other_spelling)).json == {"identifiers": 1, "added": 0}

    known = await listed(desk)
    assert sorted(each["kind"] for each in known) == ["email", "name_domain", "phone"]
    text = str(known).lower()
    assert not [part for part in ("jane", "doe", "gmail", "acme", "33612345678") if part in text]
    for each in known:
        assert await desk.done(each["digest"]) != []

    assert (await desk.send("DELETE", "/suppressions", PERSON)).json == {"identifiers": 3, "removed": 3}
    assert (await desk.send("DELETE", "/suppressions", PERSON)).json == {"identifiers": 3, "removed": 0}
    assert await listed(desk) == []


async def test_a_suppressed_person_is_not_looked_for_and_costs_nothing(desk: Desk) -> None:
    made = await desk.account("respectful", credits=100)
    person = {"linkedin_url": SEED["linkedin_url"]}
    await desk.send("POST", "/suppressions", person)

    reply = await desk.stack.enrich("email", key=made["api_key"])
    await desk.send("DELETE", "/suppressions", person)
    assert (reply.status, reply.json["email"]) == (200, None)
    assert await desk.stack.total_calls() == 0
    assert await desk.stack.balance(made["api_key"]) == (100, 0)
    assert (await desk.stack.enrich("email", key=made["api_key"])).json["email"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "say who"),
        ({"email": "nonsense"}, "email"),
        ({"phone": "0612345678"}, "phone"),
        ({"linkedin_url": "https://example.com/in/x"}, "linkedin"),
        ({"name": "Jane"}, "name"),
        ({"name": "Jane Doe"}, "name"),
        ({"domain": "acme.example"}, "name"),
        ({"email": 1}, "email"),
        ({"email": "x" * 400}, "email"),
        ({"region": "FRA", "phone": "0612345678"}, "region"),
        ({"firstname": "Jane"}, "firstname"),
        ([], "JSON object"),
    ],
)
async def test_whoever_cannot_be_understood_is_refused_without_being_repeated(
    desk: Desk, body: Any, named: str
) -> None:
    for method in ("POST", "DELETE"):
        reply = await desk.send(method, "/suppressions", body)
        assert (reply.status, reply.json["code"]) == (400, "bad_request"), reply.text
        assert named in reply.json["message"]
        assert "Jane" not in reply.text
    assert await listed(desk) == []


@pytest.mark.parametrize("after", ["xyz", "é", "%00"])
async def test_a_page_begins_behind_a_hash(desk: Desk, after: str) -> None:
    assert (await desk.send("GET", f"/suppressions?after={after}")).status == 400


async def test_a_national_number_is_understood_with_its_country(desk: Desk) -> None:
    given = {"phone": "06 12 34 56 78", "region": "FR"}
    assert (await desk.send("POST", "/suppressions", given)).json["added"] == 1
    assert (await desk.send("DELETE", "/suppressions", {"phone": "+33612345678"})).json["removed"] == 1
