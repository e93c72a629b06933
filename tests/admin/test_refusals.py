"""Whatever is wrong with a request is answered with a 400 that names it; nothing changes."""

from typing import Any

import pytest

from headrace.api.admin.documented import REQUESTS
from headrace.api.admin.read import EXPECTED
from tests.admin.desk import Desk

NEW, SET = ("POST", "/accounts"), ("PATCH", "/accounts/main")
ADD, SAY = ("POST", "/accounts/main/credits"), ("POST", "/accounts/main/consents")

WRONG: list[tuple[tuple[str, str], Any, str]] = [
    (NEW, {}, "name is required"),
    (NEW, {"name": ""}, "name"),
    (NEW, {"name": "   "}, "name"),
    (NEW, {"name": " acme"}, "name"),
    (NEW, {"name": "a\nb"}, "name"),
    (NEW, {"name": "a\0b"}, "name"),
    (NEW, {"name": "x" * 201}, "name"),
    (NEW, {"name": 1}, "name"),
    (NEW, {"name": None}, "name"),
    (NEW, {"name": ["a"]}, "name"),
    (NEW, {"name": "sandbox"}, "name"),
    (NEW, {"name": "new", "credits": -1}, "credits"),
    (NEW, {"name": "new", "credits": "5"}, "credits"),
    (NEW, {"name": "new", "credits": True}, "credits"),
    (NEW, {"name": "new", "credits": 0.0001}, "credits"),
    (NEW, {"name": "new", "credits": 1e13}, "credits"),
    (NEW, {"name": "new", "credits": 10**30}, "credits"),
    (NEW, {"name": "new", "credits": None}, "credits"),
    (NEW, {"name": "new", "consent": "yes"}, "consent"),
    (NEW, {"name": "new", "consent": 1}, "consent"),
    (NEW, {"name": "new", "phone_countries": ["FRA"]}, "phone_countries"),
    (NEW, {"name": "new", "phone_countries": "FR"}, "phone_countries"),
    (NEW, {"name": "new", "phone_countries": [1]}, "phone_countries"),
    (NEW, {"name": "new", "phone_countries": ["FR"] * 251}, "phone_countries"),
    (NEW, {"name": "new", "available": 1_000_000}, "available"),
    (NEW, {"name": "new", "account_id": "mine"}, "account_id"),
    (SET, {"held": 0}, "held"),
    (SET, {"name": "other"}, "name"),
    (SET, {"consents_personal_email": True}, "consents_personal_email"),
    (SET, {"validation": "loose"}, "validation"),
    (SET, {"validation": None}, "validation"),
    (SET, {"email_status_vocabulary": 1}, "email_status_vocabulary"),
    (SET, {"accept_risky": "true"}, "accept_risky"),
    (SET, {"max_age": -1}, "max_age"),
    (SET, {"max_age": "30d"}, "max_age"),
    (SET, {"max_age": 1e12}, "max_age"),
    (SET, {"miss_max_age": {}}, "miss_max_age"),
    (SET, [], "JSON object"),
    (SET, "text", "JSON object"),
    (SET, None, "JSON object"),
    (SET, {"with space": 1}, "field"),
    (SET, {"x" * 100: 1}, "field"),
    (ADD, {}, "amount is required"),
    (ADD, {"amount": "100"}, "amount"),
    (ADD, {"amount": None}, "amount"),
    (ADD, {"amount": [1]}, "amount"),
    (ADD, {"amount": 1.0005}, "amount"),
    (ADD, {"amount": 2e12}, "amount"),
    (ADD, {"amount": 1, "available": 2}, "available"),
    (SAY, {}, "action is required"),
    (SAY, {"action": "maybe"}, "action"),
    (SAY, {"action": "grant", "version": ""}, "version"),
    (SAY, {"action": "grant", "version": "x" * 51}, "version"),
    (SAY, {"action": "grant", "version": "1\0"}, "version"),
    (SAY, {"action": "grant", "version": 1}, "version"),
    (SAY, {"action": "grant", "actor": "somebody else"}, "actor"),
    (("POST", "/accounts/main/keys"), {"key_id": "mine"}, "key_id"),
    (("POST", "/accounts/main/keys"), [], "JSON object"),
    (("POST", "/accounts/main/webhooks/secret"), {"secret": "whsec_mine"}, "secret"),
    (("POST", "/webhooks/some/replay"), {"url": "http://127.0.0.1/"}, "url"),
]
TEXTS = [b"{", b"nonsense", b'{"amount": 1', b'{"amount": NaN}', b'{"amount": 1e400}', b"\xff",
         b'{"amount": "\xff"}',
         b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"amount": "\\ud800"}', b"\x00", b'"\\u0000"']  # fmt: skip
QUERIES = [
    *(f"/{page}?limit={wrong}" for page in ("accounts", "audit", "suppressions", "accounts/main/webhooks")
      for wrong in ("0", "-1", "1001", "ten", "1e2", "", "%00", "١", "9" * 400)),
    "/audit?before=0", "/audit?before=x", "/audit?before=99999999999", "/audit?subject=%00",
    "/accounts?after=%00", f"/accounts?after={'x' * 300}",
]  # fmt: skip


@pytest.mark.parametrize(("to", "body", "named"), WRONG, ids=range(len(WRONG)))
async def test_a_wrong_body_is_refused_and_the_field_named(
    desk: Desk, to: tuple[str, str], body: Any, named: str
) -> None:
    before = (await desk.send("GET", "/audit?limit=1")).json
    reply = await desk.send(*to, raw=b"null") if body is None else await desk.send(*to, body)

    assert (reply.status, reply.json["code"]) == (400, "bad_request"), reply.text
    assert named in reply.json["message"]
    assert (await desk.send("GET", "/audit?limit=1")).json == before


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_what_is_no_json_is_refused(desk: Desk, text: bytes) -> None:
    for method, path in (NEW, SET, ADD, SAY):
        reply = await desk.send(method, path, raw=text)
        assert (reply.status, reply.json["code"]) == (400, "bad_request"), (path, reply.text)


@pytest.mark.parametrize("path", QUERIES)
async def test_a_wrong_query_is_refused(desk: Desk, path: str) -> None:
    reply = await desk.send("GET", path)
    assert (reply.status, reply.json["code"]) == (400, "bad_request"), reply.text


async def test_another_type_and_a_body_that_is_too_large_are_refused(desk: Desk) -> None:
    text = await desk.send("POST", "/accounts", raw=b'{"name":"x"}', Content_Type="text/plain")
    large = await desk.send("POST", "/accounts", raw=b"[" + b"1," * 40_000 + b"1]")
    assert (text.status, large.status) == (415, 413)


@pytest.mark.parametrize(
    "path",
    ["/accounts/nobody", "/accounts/nobody/keys", "/accounts/nobody/credits", "/accounts/nobody/consents",
     "/accounts/nobody/webhooks", "/accounts/nobody/webhooks/secret", "/accounts/%00",
     "/accounts/%27%20OR%201=1--",
     "/accounts/..%2f", "/accounts/é", f"/accounts/{'x' * 5_000}"],
)  # fmt: skip
async def test_an_account_that_does_not_exist_is_not_found(desk: Desk, path: str) -> None:
    reply = await desk.send("GET", path)
    assert (reply.status, reply.json["code"]) == (404, "not_found")


async def test_methods_that_are_not_there_are_refused(desk: Desk) -> None:
    for method, path in (
        ("PUT", "/accounts/main"),
        ("DELETE", "/accounts/main"),
        ("PATCH", "/ledger/verify"),
    ):
        reply = await desk.send(method, path)
        assert (reply.status, reply.json["code"]) == (405, "method_not_allowed")


def test_every_field_of_every_request_can_be_named() -> None:
    fields = {name for shape in REQUESTS for name in shape.__struct_fields__}
    assert fields == set(EXPECTED)
