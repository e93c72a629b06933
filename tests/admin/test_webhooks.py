"""Deliveries listed and replayed, and the secrets that they are signed with."""

import asyncio
import base64

from tests.admin.desk import Desk

SECRET_BYTES = 32


async def test_deliveries_are_listed_for_the_operator_and_for_their_owner(desk: Desk) -> None:
    made = await desk.account("receiver", credits=100)
    delivery = await desk.delivery(made["api_key"])

    listed = (await desk.send("GET", "/accounts/receiver/webhooks")).json["deliveries"]
    assert listed == (await desk.stack.send("GET", "/v2/webhooks", key=made["api_key"])).json["deliveries"]
    (one,) = listed
    assert (one["id"], one["url"], one["attempts"]) == (delivery, "https://hooks.example.com/in", 1)
    assert (one["state"], one["last_status"]) == ("failed", 500)


async def test_the_newest_deliveries_come_first_and_no_more_than_asked_for(desk: Desk) -> None:
    made = await desk.account("often", credits=100)
    ids = [await desk.delivery(made["api_key"]) for _ in range(3)]

    listed = (await desk.send("GET", "/accounts/often/webhooks?limit=2")).json["deliveries"]
    assert [each["id"] for each in listed] == ids[:0:-1]


async def test_an_operator_has_a_delivery_made_again(desk: Desk) -> None:
    made = await desk.account("again", credits=100)
    delivery = await desk.delivery(made["api_key"], "delivered")

    reply = await desk.send("POST", f"/webhooks/{delivery}/replay")
    assert (reply.status, reply.json) == (200, {"id": delivery, "replayed": True})
    (one,) = (await desk.send("GET", "/accounts/again/webhooks")).json["deliveries"]
    assert (one["state"], one["attempts"]) == ("pending", 1)
    assert await desk.done(delivery) == [(desk.actor, "webhook.replay")]
    assert (await desk.send("POST", "/webhooks/nonsense/replay")).status == 404


async def test_an_account_has_its_own_delivery_made_again(desk: Desk) -> None:
    made = await desk.account("by itself", credits=100)
    delivery = await desk.delivery(made["api_key"])

    path = f"/v2/webhooks/{delivery}/replay"
    first = await desk.stack.send("POST", path, key=made["api_key"], Idempotency_Key="once")
    again = await desk.stack.send("POST", path, key=made["api_key"], Idempotency_Key="once")
    assert (first.status, first.json) == (200, {"id": delivery, "replayed": True})
    assert (again.text, again.headers["Idempotency-Replayed"]) == (first.text, "true")
    (one,) = (await desk.stack.send("GET", "/v2/webhooks", key=made["api_key"])).json["deliveries"]
    assert one["state"] == "pending"
    assert await desk.done(delivery) == []


async def test_the_first_secret_and_those_that_replace_it(desk: Desk) -> None:
    made = await desk.account("signed")
    path = "/accounts/signed/webhooks/secret"
    assert (await desk.send("GET", path)).json == {"secret": None, "previous": []}

    first = (await desk.send("POST", path)).json
    assert first["previous"] == []
    assert len(base64.b64decode(first["secret"].removeprefix("whsec_"), validate=True)) == SECRET_BYTES
    second = (await desk.send("POST", path)).json
    assert second["secret"] != first["secret"]
    assert [each["secret"] for each in second["previous"]] == [first["secret"]]
    assert second == (await desk.send("GET", path)).json
    actions = [action for _, action in await desk.done(made["account_id"])]
    assert actions == ["account.create", "webhook_secret.change", "webhook_secret.change"]


async def test_of_secrets_that_are_replaced_at_the_same_time_none_is_lost(desk: Desk) -> None:
    await desk.account("hurried")
    path = "/accounts/hurried/webhooks/secret"

    made = [
        reply.json["secret"] for reply in await asyncio.gather(*(desk.send("POST", path) for _ in range(8)))
    ]
    kept = (await desk.send("GET", path)).json
    assert {kept["secret"], *(each["secret"] for each in kept["previous"])} == set(made)


async def test_a_secret_is_sealed_where_it_is_kept(desk: Desk) -> None:
    await desk.account("sealed")
    secret = (await desk.send("POST", "/accounts/sealed/webhooks/secret")).json["secret"]

    (row,) = desk.stack.rows("SELECT webhook_secrets FROM accounts WHERE name = 'sealed'")
    assert secret.removeprefix("whsec_").encode() not in bytes(row[0])
