"""`custom` comes back when it was sent, and as it was sent."""

import json

import msgspec
import pytest

from tests.stack import ENRICH, SEED, Stack

TEXTS = [
    "{}",
    '{"hubspot_id":"4447901"}',
    '{"n":1.0}',
    '{"n":1e3}',
    '{"n":1E+2}',
    '{"n":12345678901234567890123}',
    '{"n":0.1000000000000000000000000000001}',
    '{"n":-0}',
    '{"n":-0.0}',
    '{"n":1e400}',
    '{"n":1e-400}',
    f'{{"n":{"7" * 5_000}}}',
    '{"b":1,"a":2,"c":{"z":1,"y":2}}',
    '{"a":1,"a":2}',
    r'{"\u00e9":"\u00E9\u0041\/"}',
    '{"é":"日本語 😀"}',
    r'{"emoji":"\ud83d\ude00","nul":"\u0000","tab":"\t","quote":"\""}',
    '{"":"","null":null,"true":true,"false":false}',
    '{"deep":[[[{"x":[{}]}]]]}',
    '{ "spaced" : [ 1 , 2 ] ,\n\t"more" :\r\n{ } }',
    '{"brackets":"]}]}{{[[\\"}"}',
]


def body_with(custom: str) -> bytes:
    """The documented contact's request with this text as `custom`."""
    plain = msgspec.json.encode({**SEED, "enrichment_type": ["email"]})
    return plain[:-1] + b',"custom":' + custom.encode() + b"}"


@pytest.mark.parametrize("text", TEXTS)
async def test_custom_comes_back_byte_for_byte_now_and_later(stack: Stack, text: str) -> None:
    reply = await stack.send("POST", ENRICH, raw=body_with(text))
    assert reply.status == 200, reply.text
    assert reply.text.endswith(f'"email_status":"valid","custom":{text}}}')
    enrichment_id = json.loads(reply.text, parse_int=str)["enrichment_id"]
    stored = await stack.send("GET", f"/v2/enrichments/{enrichment_id}")
    assert f'"custom":{text}' in stored.text
    assert json.loads(stored.text, parse_int=str)["enrichment_id"] == enrichment_id


async def test_custom_comes_back_with_a_miss_too(stack: Stack) -> None:
    body = {
        "firstname": "No",
        "lastname": "Body",
        "domain": "nowhere.example",
        "enrichment_type": ["email"],
        "custom": {"id": 1},
    }
    reply = await stack.send("POST", ENRICH, body=body)
    assert list(reply.json)[-3:] == ["email", "email_status", "custom"]
    assert reply.json["custom"] == {"id": 1}


async def test_custom_that_was_not_sent_is_not_in_the_answer(stack: Stack) -> None:
    reply = await stack.enrich("email")
    assert "custom" not in reply.json
    stored = await stack.send("GET", f"/v2/enrichments/{reply.json['enrichment_id']}")
    assert "custom" not in stored.json


async def test_custom_of_null_counts_as_not_sent(stack: Stack) -> None:
    reply = await stack.send("POST", ENRICH, raw=body_with("null"))
    assert reply.status == 200
    assert "custom" not in reply.json


@pytest.mark.parametrize("text", ['"text"', "7", "1.5", "true", "false", "[]", '[{"a":1}]', '""'])
async def test_custom_that_is_no_object_is_refused_by_name(stack: Stack, text: str) -> None:
    reply = await stack.send("POST", ENRICH, raw=body_with(text))
    assert reply.status == 400
    assert reply.json == {"error": 400, "message": "custom must be an object", "code": "bad_request"}
    assert await stack.total_calls() == 0


async def test_the_custom_of_one_request_never_appears_in_anothers_answer(stack: Stack) -> None:
    await stack.send("POST", ENRICH, raw=body_with('{"mine":1}'))
    reply = await stack.send("POST", ENRICH, raw=body_with('{"yours":2}'))
    assert reply.json["custom"] == {"yours": 2}
