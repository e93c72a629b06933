"""Requests made up from the OpenAPI document, sent to an operator's endpoints."""

from collections import Counter, defaultdict
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from headrace.api.openapi import document
from headrace.cli.options import run
from tests.stack import Stack

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
SETTINGS = settings(
    max_examples=40,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ADMIN = [
    (method.upper(), path)
    for path, methods in document()["paths"].items()
    for method in methods
    if path.startswith("/admin/v1")
]
STATUSES: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)


@pytest.fixture(scope="module")
def key(module_stack: Stack) -> str:
    """An operator's."""
    return run(module_stack.headrace.storage.admin_keys.create).text


@pytest.fixture(scope="module")
def operations(module_stack: Stack) -> dict[tuple[str, str], Any]:
    """Every operation of the document as it is served."""
    served: Any = schemathesis.openapi.from_url(f"{module_stack.url}/openapi.json")
    found = [operation.ok() for operation in served.get_all_operations()]
    return {(operation.method.upper(), operation.path): operation for operation in found}


@pytest.mark.parametrize(("method", "path"), ADMIN)
def test_every_answer_to_a_made_up_request_is_one_that_the_document_allows(
    operations: dict[tuple[str, str], Any], key: str, method: str, path: str
) -> None:
    @seed(11)
    @SETTINGS
    @given(case=operations[method, path].as_strategy())
    def made_up(case: Any) -> None:
        if "account" in (case.path_parameters or {}) and len(STATUSES[method, path]) % 2:
            case.path_parameters = {"account": "main"}
        reply = case.call_and_validate(headers={"X-API-KEY": key}, checks=CHECKS)
        STATUSES[method, path][int(reply.status_code)] += 1

    made_up()
    assert not [status for status in STATUSES[method, path] if status >= 500]


def test_the_made_up_requests_reached_every_part() -> None:
    assert STATUSES["POST", "/admin/v1/accounts"][201] > 0, STATUSES
    assert STATUSES["PATCH", "/admin/v1/accounts/{account}"][200] > 0, STATUSES
    assert STATUSES["GET", "/admin/v1/audit"][200] > 0, STATUSES
    assert STATUSES["DELETE", "/admin/v1/keys/{key_id}"][404] > 0, STATUSES
