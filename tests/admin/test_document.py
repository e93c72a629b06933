"""What the OpenAPI document says about operators' endpoints is what they do."""

from typing import Any

import jsonschema_rs
import pytest

from headrace.api.openapi import document
from tests.admin.desk import Desk

ADMIN = {path: methods for path, methods in document()["paths"].items() if path.startswith("/admin/v1")}
KEY = {"type": "apiKey", "name": "X-API-KEY", "in": "header"}


def check(path: str, method: str, status: int, value: Any) -> list[str]:
    """What of an answer is not as described."""
    content = ADMIN[path][method]["responses"][str(status)]["content"]["application/json"]
    schema = {**content["schema"], "components": document()["components"]}
    return [error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(value)]


def test_operators_have_a_security_scheme_of_their_own() -> None:
    schemes = document()["components"]["securitySchemes"]
    assert KEY.items() <= schemes["AdminKey"].items()
    for methods in ADMIN.values():
        for operation in methods.values():
            assert operation["security"] == [{"AdminKey": []}]
            assert {"401", "503"} <= set(operation["responses"])


def test_everything_promised_is_there() -> None:
    served = [
        (method, path.removeprefix("/admin/v1")) for path, methods in ADMIN.items() for method in methods
    ]
    assert {f"{method} {path}" for method, path in served} == {
        "get /accounts", "post /accounts", "get /accounts/{account}", "patch /accounts/{account}",
        "get /accounts/{account}/keys", "post /accounts/{account}/keys", "delete /keys/{key_id}",
        "get /accounts/{account}/credits", "post /accounts/{account}/credits",
        "get /accounts/{account}/consents", "post /accounts/{account}/consents",
        "get /accounts/{account}/webhooks", "post /webhooks/{delivery_id}/replay",
        "get /accounts/{account}/webhooks/secret", "post /accounts/{account}/webhooks/secret",
        "get /suppressions", "post /suppressions", "delete /suppressions", "post /outcomes",
        "get /ledger/verify", "get /audit",
    }  # fmt: skip


@pytest.mark.parametrize("path", ADMIN)
def test_each_endpoint_is_described_with_examples_errors_and_idempotency(path: str) -> None:
    for method, operation in ADMIN[path].items():
        for status, answer in operation["responses"].items():
            content = answer["content"]["application/json"]
            for example in content["examples"].values():
                assert check(path, method, int(status), example["value"]) == [], (method, status)
            if status >= "400":
                assert content["schema"] == {"$ref": "#/components/schemas/ProblemBody"}
        named = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert ("Idempotency-Key" in named) == (method == "post")
        if method in ("post", "patch"):
            (body,) = operation["requestBody"]["content"].values()
            name = body["schema"]["$ref"].rsplit("/", 1)[1]
            schema = document()["components"]["schemas"][name]
            assert schema["additionalProperties"] is False
            (example,) = body["examples"].values()
            whole = {**schema, "components": document()["components"]}
            assert jsonschema_rs.Draft202012Validator(whole).is_valid(example["value"])


async def test_answers_are_as_described(desk: Desk) -> None:
    made = await desk.account("described", credits=100, consent=True)
    delivery = await desk.delivery(made["api_key"])
    one = {"account": "described", "delivery_id": delivery, "key_id": made["api_key"].split("_")[1]}
    bodies: dict[tuple[str, str], Any] = {
        ("post", "/accounts"): {"name": "described too"},
        ("patch", "/accounts/{account}"): {"max_age": 0.5},
        ("post", "/accounts/{account}/credits"): {"amount": 0.5},
        ("post", "/accounts/{account}/consents"): {"action": "grant"},
        ("post", "/suppressions"): {"email": "jane@acme.example"},
        ("delete", "/suppressions"): {"email": "jane@acme.example"},
        ("post", "/outcomes"): {"outcomes": [{"email": "jane@acme.example", "outcome": "bounced"}]},
    }
    for path, methods in ADMIN.items():
        short = path.removeprefix("/admin/v1")
        for method in methods:
            reply = await desk.send(method.upper(), short.format(**one), bodies.get((method, short)))
            assert reply.status in (200, 201), (method, path, reply.text)
            assert check(path, method, reply.status, reply.json) == [], (method, path)
