"""Many contacts in one request: all of them or none, one webhook each."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from headrace.domain.model import Account, Enrichment
from headrace.engine.enrich import Enricher
from headrace.ports import Queued
from headrace.storage.audit import audit
from headrace.storage.enrichments import SqlEnrichments
from tests.compat.pages import CONSENT
from tests.faults.waiting import Gate
from tests.jobs.queueing import (
    BULK,
    PATIENCE,
    begins,
    bulk,
    bulk_finished,
    finished,
    gate,
    nobody,
    queued_by,
    somebody,
    working,
)
from tests.jobs.receiver import receiving
from tests.stack import Stack

__all__ = ["begins"]


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with working(tmp_path_factory.mktemp("stack")) as made:
        yield made


async def test_each_contact_has_an_id_a_webhook_and_its_own_custom(stack: Stack) -> None:
    contacts = [somebody(custom={"n": 0}), nobody(1, custom={"n": 1}), nobody(2)]
    async with receiving() as hook:
        reply = await bulk(stack, contacts, webhook_url=hook.url)
        bulk_id = reply.json["enrichment_id"]
        assert (reply.status, reply.json) == (202, {"enrichment_id": bulk_id, "status": "queued"})

        told = {each.json["first_name"]: each.json for each in await hook.until(3)}
        assert [told[name].get("custom") for name in ("Mathieu", "Nobody1", "Nobody2")] == [
            {"n": 0},
            {"n": 1},
            None,
        ]
        assert {each["bulk_id"] for each in told.values()} == {bulk_id}
        assert {each["status"] for each in told.values()} == {"finished"}
        assert told["Mathieu"]["email"] == "mathieu@prontohq.com"
        assert len({each["enrichment_id"] for each in told.values()} | {bulk_id}) == 4
        assert len({each.id for each in hook.received}) == 3
        for each in told.values():
            assert await finished(stack, each["enrichment_id"]) == each
        assert await bulk_finished(stack, bulk_id) == {
            "enrichment_id": bulk_id,
            "status": "finished",
            "total": 3,
            "finished": 3,
        }


async def test_progress_goes_from_queued_to_finished(
    stack: Stack, begins: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is taken before it was seen that all wait, none begun before it was seen that some are taken."""
    seen: list[dict[str, Any]] = []

    async def watch(until: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not seen or seen[-1]["status"] != until:
                seen.append((await stack.send("GET", f"/api/v2/contacts/bulk/{bulk_id}")).json)

    with gate(SqlEnrichments, "take", monkeypatch) as takes:
        bulk_id = (await bulk(stack, [nobody(number) for number in range(12)])).json["enrichment_id"]
        await watch("queued")
        takes.open()
        await watch("processing")
    begins.open()
    await watch("finished")

    assert {each["total"] for each in seen} == {12}
    counts = [each["finished"] for each in seen]
    assert counts == sorted(counts)
    assert counts[-1] == 12
    states = list(dict.fromkeys(each["status"] for each in seen))
    assert states == ["queued", "processing", "finished"]


async def test_another_account_sees_neither_the_bulk_nor_its_contacts(stack: Stack) -> None:
    bulk_id = (await bulk(stack, [somebody(), nobody(1)])).json["enrichment_id"]
    stranger = await stack.open_account("stranger")
    for path in (f"/api/v2/contacts/bulk/{bulk_id}", "/api/v2/contacts/bulk/no-such-bulk"):
        reply = await stack.send("GET", path, key=stranger)
        assert (reply.status, reply.json["code"]) == (404, "not_found")


@pytest.mark.parametrize(("many", "status"), [(0, 400), (1, 400), (2, 202), (100, 202), (101, 400)])
async def test_two_to_a_hundred(stack: Stack, many: int, status: int) -> None:
    name = f"bulk of {many}"
    key = await stack.open_account(name, 10_000)
    reply = await bulk(stack, [nobody(number) for number in range(many)], key=key)
    assert reply.status == status
    assert queued_by(stack, name) == (many if status == 202 else 0)
    if status == 400:
        assert "contacts" in reply.json["message"]


@pytest.mark.parametrize("kinds", [[], ["email", "phone"], ["fax"], "email", None])
async def test_exactly_one_kind(stack: Stack, kinds: Any) -> None:
    body = {"contacts": [somebody(), somebody()], "enrichment_type": kinds}
    reply = await stack.send("POST", BULK, body=body)
    assert reply.status == 400
    assert reply.json["message"].startswith("enrichment_type must be a list of exactly one of")


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        ({"firstname": " "}, "email", "firstname is required"),
        ({"domain": None, "company_name": None}, "email", "domain or company_name is required"),
        ({"linkedin_url": None}, "phone", "linkedin_url is required"),
        ({"custom": [1]}, "email", "custom must be an object"),
        ({"lastname": 7}, "email", "lastname must be a string"),
    ],
)
async def test_one_wrong_contact_refuses_all_and_is_named(
    stack: Stack, wrong: dict[str, Any], kind: str, message: str
) -> None:
    before = len(stack.rows("SELECT 1 FROM enrichments"))
    reply = await bulk(stack, [somebody(), somebody(**wrong)], kind)
    assert reply.status == 400
    assert reply.json["message"].startswith(f"contacts[1]: {message}")
    assert len(stack.rows("SELECT 1 FROM enrichments")) == before


async def test_credits_must_suffice_for_all_of_them(stack: Stack, begins: Gate) -> None:
    key = await stack.open_account("nearly", 8)
    contacts = [somebody(), nobody(1), nobody(2)]
    reply = await bulk(stack, contacts, key=key)
    assert (reply.status, reply.json["code"]) == (422, "insufficient_credits")
    assert queued_by(stack, "nearly") == 0
    assert await stack.balance(key) == (8, 0)

    await stack.headrace.storage.ledger.grant((await stack.headrace.storage.accounts.get("nearly")).id, 1000)
    reply = await bulk(stack, contacts, key=key)
    assert reply.status == 202
    assert await stack.balance(key) == (0, 9)
    begins.open()
    await bulk_finished(stack, reply.json["enrichment_id"], key)
    assert await stack.balance(key) == (6, 0)
    assert (await audit(stack.headrace.storage.database)).balanced


async def test_missing_consent_refuses_all_of_them(stack: Stack) -> None:
    key = await stack.open_account("bulk without consent")
    reply = await bulk(stack, [somebody(), somebody()], "personal_email", key=key)
    assert (reply.status, reply.json["message"]) == (422, CONSENT)
    assert queued_by(stack, "bulk without consent") == 0


@pytest.mark.parametrize("url", ["http://10.0.0.1/hook", "ftp://example.com/", "http://[::1]:8080/"])
async def test_a_webhook_that_can_go_nowhere_refuses_the_bulk(stack: Stack, url: str) -> None:
    reply = await bulk(stack, [somebody(), somebody()], webhook_url=url)
    assert reply.status == 400
    assert reply.json["message"].startswith("webhook_url "), "it is the bulk's, and no contact's"


async def test_countries_that_are_none_are_the_bulks_too(stack: Stack) -> None:
    reply = await bulk(stack, [somebody(), somebody()], "phone", phone_country_codes=["FR", "XX"])
    assert reply.status == 400
    assert reply.json["message"].startswith("phone_country_codes must be ")


async def test_a_contact_that_we_stumble_over_ends_with_nothing_and_free(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = Enricher.carry_out

    async def stumble(enricher: Enricher, queued: Queued, account: Account) -> Enrichment:
        if queued.request.contact.first_name == "Odd":
            raise KeyError("a bug")
        return await really(enricher, queued, account)

    monkeypatch.setattr(Enricher, "carry_out", stumble)
    key = await stack.open_account("odd", 100)
    async with receiving() as hook:
        contacts = [somebody(firstname="Odd"), somebody()]
        reply = await bulk(stack, contacts, key=key, webhook_url=hook.url)
        await bulk_finished(stack, reply.json["enrichment_id"], key)
        told = {each.json["first_name"]: each.json for each in await hook.until(2)}
    assert (told["Odd"]["email"], told["Odd"]["email_status"]) == (None, "N/A")
    assert told["Mathieu"]["email"] == "mathieu@prontohq.com"
    assert await stack.balance(key) == (97, 0)
