"""What we sign, the standard's own library verifies."""

import base64
import json
import random
import time
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from headrace.jobs.signing import new_secret, sign

ID = "019a5b6c-0000-7000-8000-000000000001"
LETTERS = 'abc éß例🚀\u0000\u001f\u007f\u2028\ufeff"\\/.,{}'


def a_value(chance: random.Random, depth: int = 3) -> Any:
    """A JSON value: deep, empty, odd."""
    kinds = 7 if depth else 5
    match chance.randrange(kinds):
        case 0:
            return chance.choice([None, True, False])
        case 1:
            return chance.choice([0, -1, 2**53 + 1, 10**30])
        case 2:
            return chance.choice([0.1, -0.0, 1e-320, 1.7976931348623157e308, chance.random()])
        case 3 | 4:
            return "".join(chance.choices(LETTERS, k=chance.randrange(20)))
        case 5:
            return [a_value(chance, depth - 1) for _ in range(chance.randrange(4))]
        case _:
            return {f"{LETTERS[at]}{at}": a_value(chance, depth - 1) for at in range(chance.randrange(4))}


def a_body(chance: random.Random) -> bytes:
    """A JSON text in one of the ways in which the same value can be written."""
    text = json.dumps(
        {"data": a_value(chance)},
        ensure_ascii=chance.random() < 0.5,
        indent=chance.choice([None, 2]),
        sort_keys=chance.random() < 0.5,
    )
    return (text + chance.choice(["", "\n", "\r\n"])).encode()


def test_a_thousand_bodies_verify_with_the_new_secret_and_with_the_old() -> None:
    chance = random.Random(2026)
    old, new = new_secret(), new_secret()
    now = int(time.time())
    for _ in range(1000):
        body = a_body(chance)
        headers = sign([new, old], ID, now, body)
        for secret in (new, old):
            assert Webhook(secret).verify(body, headers) == json.loads(body)


def test_a_changed_byte_does_not_verify() -> None:
    secret = new_secret()
    body = '{"first_name":"Zoë","score":0.10}'.encode()
    headers = sign([secret], ID, int(time.time()), body)
    for at in range(len(body)):
        # The last bit: what was UTF-8 stays UTF-8.
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            Webhook(secret).verify(changed, headers)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_the_id_and_the_time_are_signed_too(header: str) -> None:
    secret = new_secret()
    now = int(time.time())
    headers = sign([secret], ID, now, b"{}")
    Webhook(secret).verify(b"{}", headers)
    other = sign([secret], "other", now - 1, b"{}")
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(secret).verify(b"{}", {**headers, header: other[header]})


def test_another_secret_does_not_verify() -> None:
    headers = sign([new_secret(), new_secret()], ID, int(time.time()), b"{}")
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(new_secret()).verify(b"{}", headers)


def test_the_headers_are_those_of_the_standard() -> None:
    old, new = new_secret(), new_secret()
    headers = sign([new, old], ID, 1_793_620_800, b"{}")
    assert list(headers) == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert headers["webhook-id"] == ID
    assert headers["webhook-timestamp"] == "1793620800"
    each = [sign([secret], ID, 1_793_620_800, b"{}")["webhook-signature"] for secret in (new, old)]
    assert headers["webhook-signature"] == " ".join(each)
    assert all(signature.startswith("v1,") for signature in each)


def test_the_standards_own_example_is_reproduced() -> None:
    headers = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_attempt_has_its_own_time_and_so_its_own_signature() -> None:
    secret = new_secret()
    first, second = (sign([secret], ID, at, b"{}") for at in (1_793_620_800, 1_793_620_805))
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-signature"] != second["webhook-signature"]


def test_an_id_with_a_dot_is_refused() -> None:
    with pytest.raises(ValueError, match="dot"):
        sign([new_secret()], "a.b", 1_793_620_800, b"{}")


def test_a_secret_is_32_random_bytes() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    for secret in made:
        prefix, _, text = secret.partition("_")
        assert prefix == "whsec"
        assert len(base64.b64decode(text, validate=True)) == 32
