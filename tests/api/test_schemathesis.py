"""Requests made up from the OpenAPI document, sent to the live stack."""

from collections import Counter, defaultdict
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.stack import SEED, Stack

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
SETTINGS = settings(
    max_examples=80,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
STATUSES: defaultdict[str, Counter[int]] = defaultdict(Counter)


@pytest.fixture(scope="module")
def operations(module_stack: Stack) -> dict[str, Any]:
    """Every operation of the document as it is served; those of operators have tests of their own."""
    document: Any = schemathesis.openapi.from_url(f"{module_stack.url}/openapi.json")
    return {
        operation.path: operation
        for operation in (found.ok() for found in document.get_all_operations())
        if not operation.path.startswith("/admin/v1")
    }


def call(case: Any, stack: Stack) -> int:
    """Send it, and check the answer against the document."""
    reply = case.call_and_validate(headers={"X-API-KEY": stack.key}, checks=list(CHECKS))
    return int(reply.status_code)


PATHS = [
    "/v2/contacts/single_enrich",
    "/v2/contacts/sync_single_enrich",
    "/v2/enrichments/{enrichment_id}",
    "/v2/credits",
    "/api/v2/credits",
    "/v2/account",
    "/api/v2/account",
    "/api/v2/contacts/single_enrich",
    "/api/v2/contacts/bulk_enrich",
    "/api/v2/contacts/{enrichment_id}",
    "/v2/contacts/{enrichment_id}",
    "/api/v2/contacts/bulk/{bulk_id}",
    "/v2/webhooks",
    "/v2/webhooks/{delivery_id}/replay",
    "/v2/emails/verify",
    "/healthz",
    "/readyz",
]


def test_every_path_is_tried(operations: dict[str, Any]) -> None:
    assert sorted(operations) == sorted(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_to_a_made_up_request_is_one_that_the_document_allows(
    operations: dict[str, Any], module_stack: Stack, path: str
) -> None:
    @seed(7)
    @SETTINGS
    @given(case=operations[path].as_strategy())
    def made_up(case: Any) -> None:
        STATUSES[path][call(case, module_stack)] += 1

    made_up()


def test_a_made_up_request_about_a_real_person_is_answered(
    operations: dict[str, Any], module_stack: Stack
) -> None:
    @seed(8)
    @SETTINGS
    @given(case=operations["/v2/contacts/single_enrich"].as_strategy())
    def made_up(case: Any) -> None:
        case.body = {**case.body, **SEED, "webhook_url": None, "phone_country_codes": ["FR"]}
        STATUSES["about a real person"][call(case, module_stack)] += 1

    made_up()


def test_the_made_up_requests_reached_every_part() -> None:
    assert STATUSES["about a real person"][200] > 20, STATUSES
    assert STATUSES["/v2/contacts/single_enrich"][400] > 20, STATUSES
    assert STATUSES["/v2/contacts/single_enrich"].keys() >= {200, 400}
    assert STATUSES["/v2/credits"][200] > 0
    assert STATUSES["/v2/enrichments/{enrichment_id}"][404] > 0
