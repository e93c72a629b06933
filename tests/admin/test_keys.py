"""Two classes of keys: an account's and an operator's."""

import re

from tests.admin.desk import Desk


async def test_a_key_is_made_listed_and_revoked(desk: Desk) -> None:
    first = await desk.account("keyed")
    made = await desk.send("POST", "/accounts/keyed/keys")
    assert (made.status, list(made.json)) == (201, ["key_id", "api_key"])
    assert (await desk.stack.send("GET", "/v2/account", key=made.json["api_key"])).status == 200

    revoked = await desk.send("DELETE", f"/keys/{made.json['key_id']}")
    assert revoked.json == {"key_id": made.json["key_id"], "revoked": True}
    assert (await desk.stack.send("GET", "/v2/account", key=made.json["api_key"])).status == 401
    assert (await desk.stack.send("GET", "/v2/account", key=first["api_key"])).status == 200
    listed = await desk.send("GET", "/accounts/keyed/keys")
    assert [key["key_id"] for key in listed.json["keys"]] == [
        first["api_key"].split("_")[1],
        made.json["key_id"],
    ]
    assert [key["revoked_at"] is None for key in listed.json["keys"]] == [True, False]
    assert first["api_key"].split("_", 2)[2] not in listed.text
    assert await desk.done(made.json["key_id"]) == [(desk.actor, "key.create"), (desk.actor, "key.revoke")]


async def test_a_key_is_revoked_once(desk: Desk) -> None:
    key = (await desk.account("once"))["api_key"].split("_")[1]

    assert (await desk.send("DELETE", f"/keys/{key}")).status == 200
    for gone in (key, "nosuchkey", "x%27%20OR%201=1"):
        reply = await desk.send("DELETE", f"/keys/{gone}")
        assert (reply.status, reply.json["code"]) == (404, "not_found")


async def test_an_operators_key_shows_its_class_and_is_kept_as_a_keyed_hash(desk: Desk) -> None:
    assert re.fullmatch(r"hradmin_[a-z0-9]{12}_[\w-]{43}", desk.key)
    _, key_id, secret = desk.key.split("_", 2)
    (row,) = desk.stack.rows("SELECT * FROM admin_keys WHERE id = ?", key_id)
    assert len(row["digest"]) == 32
    assert secret.encode() not in b"".join(str(value).encode() for value in tuple(row))


async def test_a_revoked_operator_is_refused_from_the_next_request_on(desk: Desk) -> None:
    other = await desk.stack.headrace.storage.admin_keys.create()
    asked = Desk(desk.stack, other.text)

    assert (await asked.send("GET", "/accounts")).status == 200
    assert (await desk.send("DELETE", f"/keys/{other.id}")).status == 200
    assert (await asked.send("GET", "/accounts")).status == 401
    assert (await desk.send("GET", "/accounts")).status == 200
    assert await desk.done(other.id) == [("operator", "admin_key.create"), (desk.actor, "admin_key.revoke")]
