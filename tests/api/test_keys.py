"""Who may ask: every other key gets the same answer, and nobody sees another's records."""

import asyncio
import itertools
import random

import pytest

from tests.api.envelope import assert_envelope
from tests.stack import ENRICH, Stack

NUMBERS = itertools.count()
UNAUTHORIZED = {"error": 401, "message": "Unauthorized", "code": "unauthorized"}
PATHS = [("POST", ENRICH), ("GET", "/v2/credits"), ("GET", "/api/v2/account"), ("GET", "/v2/enrichments/x")]


def wrong_keys(good: str) -> dict[str, str]:
    """Keys that are not the good one, for all that they may resemble it."""
    prefix, key_id, secret = good.split("_", 2)
    return {
        "none": "",
        "blank": " ",
        "garbage": "garbage",
        "another product's": "pk_live_0123456789abcdef",
        "another prefix": f"xx_{key_id}_{secret}",
        "id alone": f"{prefix}_{key_id}",
        "no secret": f"{prefix}_{key_id}_",
        "cut off": good[:-1],
        "longer": f"{good}x",
        "last sign changed": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "secret of another id": f"{prefix}_{'a' * len(key_id)}_{secret}",
        "upper case": good.upper(),
        "like": f"{prefix}_%_{secret}",
        "not ascii": f"{good}é",
        "bearer": f"Bearer {good}",
        "very long": good + "x" * 4000,
    }


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_every_wrong_key_gets_the_same_answer(stack: Stack, method: str, path: str) -> None:
    for what, key in wrong_keys(stack.key).items():
        reply = await stack.send(method, path, key=key, body={} if method == "POST" else None)
        assert_envelope(reply, 401)
        assert reply.json == UNAUTHORIZED, what
    assert await stack.total_calls() == 0


async def test_a_key_in_the_query_or_in_another_header_does_not_count(stack: Stack) -> None:
    reply = await stack.send("GET", f"/v2/credits?api_key={stack.key}&x-api-key={stack.key}", key="")
    assert_envelope(reply, 401)
    reply = await stack.send("GET", "/v2/credits", key="", authorization=f"Bearer {stack.key}")
    assert_envelope(reply, 401)


async def test_a_revoked_key_is_refused_from_the_next_request_on_and_its_siblings_are_not(
    stack: Stack,
) -> None:
    name = f"keys {next(NUMBERS)}"
    first = await stack.open_account(name)
    accounts = stack.headrace.storage.accounts
    second = (await accounts.add_key(await accounts.get(name))).text
    assert (await stack.send("GET", "/v2/credits", key=first)).status == 200
    assert await accounts.revoke_key(first.split("_")[1])
    reply = await stack.send("GET", "/v2/credits", key=first)
    assert (reply.status, reply.json) == (401, UNAUTHORIZED)
    assert (await stack.send("GET", "/v2/credits", key=second)).status == 200


async def test_thousands_of_injections_are_just_wrong_keys(stack: Stack) -> None:
    rng = random.Random(7)
    parts = [
        "'", '"', ";", "--", "/*", "*/", " OR 1=1", " OR '1'='1", " UNION SELECT digest FROM api_keys",
        "hr_", "_", "%", "\\", "x", "0x27", "${7*7}", "{{7*7}}", "DROP TABLE accounts", "1", "\t", "()",
        "../", "<script>", "'; DELETE FROM accounts; --", "NULL", "%00", "%27", stack.key[:15],
    ]  # fmt: skip
    accounts = stack.rows("SELECT * FROM accounts")
    host, port = stack.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answers = set()
    for _ in range(50):
        for _ in range(100):
            key = rng.choice(("", "hr_", "hr_x_")) + "".join(rng.choices(parts, k=rng.randint(1, 6)))
            writer.write(f"GET /v2/credits HTTP/1.1\r\nHost: {host}\r\nX-API-KEY: {key}\r\n\r\n".encode())
        for _ in range(100):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            assert "content-type: application/json\r\n" in head
            answers.add((head.split()[1], (await reader.readexactly(length)).decode()))
    writer.close()
    assert answers == {("401", '{"error":401,"message":"Unauthorized","code":"unauthorized"}')}
    assert stack.rows("SELECT * FROM accounts") == accounts
    assert (await stack.send("GET", "/v2/credits")).status == 200


async def test_only_its_owner_can_read_an_enrichment(stack: Stack) -> None:
    enrichment_id = (await stack.enrich("email", "phone")).json["enrichment_id"]
    stranger = await stack.open_account(f"keys {next(NUMBERS)}", consents=True)
    mine = await stack.send("GET", f"/v2/enrichments/{enrichment_id}")
    assert mine.status == 200
    theirs = await stack.send("GET", f"/v2/enrichments/{enrichment_id}", key=stranger)
    unknown = await stack.send("GET", "/v2/enrichments/01a2013c-c3cf-70cf-93fa-93a41fd26513", key=stranger)
    assert_envelope(theirs, 404)
    assert (theirs.status, theirs.text) == (unknown.status, unknown.text)
    assert theirs.headers.keys() == unknown.headers.keys()


@pytest.mark.parametrize("odd", ["x", "7", "%00", "'%20OR%201=1", "..", "%2e%2e", "a" * 3000, "%F0%9F%98%80"])
async def test_an_odd_id_is_just_unknown(stack: Stack, odd: str) -> None:
    reply = await stack.send("GET", f"/v2/enrichments/{odd}")
    assert_envelope(reply, 404)


async def test_a_second_key_of_the_account_reads_what_the_first_one_asked_for(stack: Stack) -> None:
    name = f"keys {next(NUMBERS)}"
    first = await stack.open_account(name)
    accounts = stack.headrace.storage.accounts
    second = (await accounts.add_key(await accounts.get(name))).text
    enrichment_id = (await stack.enrich("email", key=first)).json["enrichment_id"]
    assert (await stack.send("GET", f"/v2/enrichments/{enrichment_id}", key=second)).status == 200


async def test_no_key_is_stored_as_it_is(stack: Stack) -> None:
    secret = stack.key.split("_", 2)[2].encode()
    directory = stack.headrace.settings.database_path.parent
    for file in directory.iterdir():
        if file.is_file():
            assert secret not in file.read_bytes(), file.name
