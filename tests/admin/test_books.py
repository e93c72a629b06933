"""The audit log, page by page."""

from typing import Any

from tests.admin.desk import Desk


async def test_the_audit_log_comes_page_by_page_the_newest_first(desk: Desk) -> None:
    for number in range(4):
        await desk.account(f"logged {number}")
    whole = (await desk.send("GET", "/audit?limit=1000")).json
    assert whole["next"] is None
    ids = [line["id"] for line in whole["entries"]]
    assert ids == sorted(ids, reverse=True)

    seen: list[Any] = []
    query = "limit=3"
    while True:
        page = (await desk.send("GET", f"/audit?{query}")).json
        seen += page["entries"]
        if page["next"] is None:
            break
        query = f"limit=3&before={page['next']}"
    assert seen == whole["entries"]
    assert list(seen[0]) == ["id", "at", "actor", "action", "subject"]


async def test_the_audit_log_about_one_subject(desk: Desk) -> None:
    made = await desk.account("one subject")

    found = (await desk.send("GET", f"/audit?subject={made['account_id']}")).json["entries"]
    assert {line["subject"] for line in found} == {made["account_id"]}
    assert (await desk.send("GET", "/audit?subject=nobody")).json == {"entries": [], "next": None}


async def test_the_log_is_unbroken_after_all_of_it(desk: Desk) -> None:
    verified = await desk.stack.headrace.storage.audit_log.verify()

    assert verified.broken_at is None
    assert verified.entries == (await desk.send("GET", "/audit?limit=1")).json["entries"][0]["id"]
