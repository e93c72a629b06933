"""The OpenAPI document in the repository is the one that is served."""

from pathlib import Path

import msgspec

from headrace.api.openapi import document

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"


def test_the_committed_document_is_current() -> None:
    served = msgspec.json.decode(msgspec.json.encode(document()))
    assert msgspec.json.decode(COMMITTED.read_bytes()) == served, "run `make openapi`"
