"""The OpenAPI document names every word of a closed set, and shows the answers of the documented pages."""

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from headrace.api.openapi import document
from headrace.api.render import stored_answer
from headrace.domain.errors import KINDS
from headrace.domain.model import Account, Attempt, Field, Grade
from headrace.ports import StoredEnrichment
from headrace.record import EnrichmentRecord, RequestRecord, ValueRecord
from tests.compat import pages
from tests.stack import ENRICH

ALIAS = "/v2/contacts/sync_single_enrich"


def words(shape: str, name: str) -> set[str]:
    """What the document lets a text be."""
    schema = document()["components"]["schemas"][shape]["properties"][name]
    (text,) = (choice for choice in schema.get("oneOf", [schema]) if choice["type"] == "string")
    return set(text["enum"])


def nullable(shape: str, name: str) -> bool:
    return {"type": "null"} in document()["components"]["schemas"][shape]["properties"][name].get("oneOf", [])


def test_the_words_of_a_trace_are_those_of_the_code() -> None:
    hints = get_type_hints(Attempt)
    assert words("AttemptRecord", "field") == set(Field)
    assert words("AttemptRecord", "kind") == set(get_args(hints["kind"])) != set()
    assert words("AttemptRecord", "outcome") == set(get_args(hints["outcome"])) != set()
    assert words("AttemptRecord", "verdict") == words("StoredValue", "verdict") == set(Grade)
    assert nullable("AttemptRecord", "verdict")
    assert nullable("StoredValue", "verdict")


def test_the_codes_of_errors_are_those_of_the_code() -> None:
    assert words("ProblemBody", "code") == set(KINDS)


def outcomes() -> Iterator[ValueRecord]:
    """Every way in which the search for one kind can end."""
    for grade in (Grade.DELIVERABLE, Grade.CATCH_ALL, Grade.RISKY):
        yield ValueRecord(("x",), grade, "valid", "a", 1.0)
    for rejected in (False, True):
        yield ValueRecord((), None, None, None, None, rejected=rejected)


def stored(value: ValueRecord, account: Account) -> dict[str, Any]:
    """How an enrichment in which all kinds ended so is shown."""
    request = RequestRecord("Jane", "Doe", "Acme", "acme.example", None, tuple(Field))
    record = EnrichmentRecord(request, dict.fromkeys(Field, value))
    enrichment = StoredEnrichment("id", "finished", 1.0, 2.0, 0, None, record)
    told: dict[str, Any] = msgspec.to_builtins(stored_answer(enrichment, account))
    return told


@pytest.mark.parametrize("name", ["email_status", "personal_email_status", "phone_status"])
def test_the_statuses_of_a_stored_enrichment_are_those_that_are_told(name: str) -> None:
    told = {
        stored(value, Account("id", "name", 0, 0, deliverability_vocabulary=vocabulary))[name]
        for value in outcomes()
        for vocabulary in (False, True)
    }
    assert words("StoredAnswer", name) == told
    assert words("EnrichAnswer", name) >= told


def answers(path: str) -> list[dict[str, Any]]:
    """The examples of a 200, without their ids."""
    content = document()["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]
    shown = [dict(example["value"]) for example in content["examples"].values()]
    assert all(example.pop("enrichment_id") for example in shown)
    return shown


CURL: dict[str, Any] = msgspec.json.decode(pages.CURL_BODY)
DOCUMENTED = {
    "email only": pages.EMAIL_ONLY,
    "phone only": pages.PHONE_ONLY,
    "email and phone": pages.EMAIL_AND_PHONE,
    "personal email only": pages.PERSONAL_EMAIL_ONLY,
    "all": pages.expected(("email", "phone", "personal_email")),
    "the first one of the page": {**pages.EMAIL_AND_PHONE, "custom": CURL["custom"]},
    "nothing found": pages.NOTHING_FOUND,
}


@pytest.mark.parametrize("path", [ENRICH, ALIAS])
@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_answer_is_an_example(path: str, name: str) -> None:
    assert DOCUMENTED[name] in answers(path)


def test_every_field_of_the_answer_is_in_an_example() -> None:
    properties = document()["components"]["schemas"]["EnrichAnswer"]["properties"]
    assert set().union(*answers(ENRICH)) == set(properties) - {"enrichment_id"}


@pytest.mark.parametrize("path", [ENRICH, ALIAS])
def test_every_documented_request_is_an_example(path: str) -> None:
    content = document()["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    shown = [example["value"] for example in content["examples"].values()]
    for body in (pages.CURL_BODY, pages.CUSTOM_FIELDS_BODY):
        assert msgspec.json.decode(body) in shown


def test_every_answer_has_an_example() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                assert answer["content"]["application/json"].get("examples"), f"{method} {path} {status}"
