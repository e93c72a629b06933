"""A change that is asked for twice with one `Idempotency-Key` is made once."""

import asyncio

import pytest

from headrace.storage.database import Statement, Steps
from tests.admin.desk import Desk

CHANGES = [
    ("/accounts", {"name": "twice"}),
    ("/accounts/main/keys", None),
    ("/accounts/main/credits", {"amount": 7}),
    ("/accounts/main/consents", {"action": "grant"}),
    ("/accounts/main/webhooks/secret", None),
    ("/suppressions", {"email": "jane@acme.example"}),
]


@pytest.mark.parametrize(("path", "body"), CHANGES, ids=[path for path, _ in CHANGES])
async def test_many_at_once_are_carried_out_once_and_all_hear_the_same(
    desk: Desk, path: str, body: object
) -> None:
    before = (await desk.send("GET", "/audit?limit=1")).json["entries"][0]["id"]
    replies = await asyncio.gather(*(desk.send("POST", path, body, Idempotency_Key="k") for _ in range(12)))

    assert {(reply.status, reply.text) for reply in replies} == {(replies[0].status, replies[0].text)}
    assert replies[0].status in (200, 201)
    assert [reply.headers.get("Idempotency-Replayed") for reply in replies].count(None) == 1
    once = {"/accounts": 2}.get(path, 1)  # an account comes with a key
    assert (await desk.send("GET", "/audit?limit=1")).json["entries"][0]["id"] == before + once


async def test_the_same_key_with_another_body_is_refused(desk: Desk) -> None:
    first = await desk.send("POST", "/accounts/main/credits", {"amount": 1}, Idempotency_Key="other")
    other = await desk.send("POST", "/accounts/main/credits", {"amount": 2}, Idempotency_Key="other")
    assert first.status == 200
    assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


async def test_a_key_belongs_to_one_operator(desk: Desk) -> None:
    colleague = Desk(desk.stack, (await desk.stack.headrace.storage.admin_keys.create()).text)
    sent = [
        await who.send("POST", "/accounts/main/credits", {"amount": 1}, Idempotency_Key="mine")
        for who in (desk, colleague)
    ]
    assert sent[1].json["available"] == sent[0].json["available"] + 1


async def test_a_refused_change_can_be_corrected_under_the_same_key(desk: Desk) -> None:
    refused = await desk.send("POST", "/accounts", {"name": "fixed", "credits": -1}, Idempotency_Key="fix")
    made = await desk.send("POST", "/accounts", {"name": "fixed", "credits": 1}, Idempotency_Key="fix")
    assert (refused.status, made.status) == (400, 201)


async def test_a_key_that_is_too_long_is_named(desk: Desk) -> None:
    reply = await desk.send("POST", "/accounts/main/keys", Idempotency_Key="x" * 256)
    assert reply.status == 400
    assert "Idempotency-Key" in reply.json["message"]


async def test_credits_are_not_added_again_after_a_crash_before_the_answer(desk: Desk) -> None:
    """What such a crash leaves behind: the grant stands, and the key is free again."""
    await desk.account("lossy")
    ask = ("POST", "/accounts/lossy/credits", {"amount": 5})

    def crash() -> Steps[None]:
        yield Statement("DELETE FROM idempotency_keys", {})

    for _ in range(3):
        reply = await desk.send(*ask, Idempotency_Key="lost")
        assert (reply.status, reply.json["available"]) == (200, 5)
        assert "Idempotency-Replayed" not in reply.headers
        await desk.stack.headrace.storage.database.write(crash)
    assert (await desk.send(*ask, Idempotency_Key="another")).json["available"] == 10
    more = ("POST", "/accounts/lossy/credits", {"amount": 6})
    assert (await desk.send(*more, Idempotency_Key="lost")).json["available"] == 16


async def test_without_a_key_every_request_is_a_change_of_its_own(desk: Desk) -> None:
    await desk.account("plain")
    for available in (1, 2, 3):
        reply = await desk.send("POST", "/accounts/plain/credits", {"amount": 1})
        assert reply.json["available"] == available
