"""A vendor that refuses one of several kinds is not paid twice for the others."""

from collections.abc import Iterator

import pytest

from tests.memory.asking import account, ask
from tests.stack import Stack, running


@pytest.fixture
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with the one vendor that is asked for all kinds at once."""
    with running(tmp_path_factory.mktemp("stack"), vendors=["pronto"]) as made:
        yield made


async def test_what_a_vendor_answered_beside_a_refusal_is_used_again(lone: Stack) -> None:
    await lone.control("_control/variant", vendor="pronto", variant="no_consent")
    key = await account(lone)
    seen = []
    for _ in range(3):
        reply = await ask(lone, key, "email", "phone", "personal_email")
        seen.append((reply.json["email"], reply.json["phones"]))
        outcomes = {
            (line["field"], line["outcome"], line["reason"])
            for line in reply.json["attempts"]
            if line["field"] == "personal_email"
        }
        assert ("personal_email", "failed", "request_refused") in outcomes
    assert seen == [("mathieu@prontohq.com", ["+33612345678"])] * 3
    assert (await lone.control("_control/spent"))["pronto"] == 33
