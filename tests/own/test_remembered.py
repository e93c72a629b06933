"""What a vendor said of an address before counts for accounts that use answers again."""

from collections.abc import Iterator

import pytest

from headrace.sandbox.mail import MailLab
from tests.own.labs import names_of
from tests.stack import Stack, running

PATH = "/v2/emails/verify"


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory, lab: MailLab) -> Iterator[Stack]:
    """Findymail gives no verdict, so Hunter is asked for one; the probe is off."""
    with running(
        tmp_path_factory.mktemp("stack"),
        vendors=["findymail", "hunter"],
        WATERFALL__ORDER__EMAIL="findymail",
        VERIFICATION__ORDER="hunter",
        PROBE__ALLOW_PRIVATE="127.0.25.0/24",
        **names_of(lab),
    ) as made:
        yield made


async def test_a_remembered_verdict_is_a_check_of_its_own(stack: Stack) -> None:
    key = await stack.open_account("remembers", max_age=3600.0, miss_max_age=60.0)
    found = (await stack.enrich("email", key=key)).json["email"]
    calls = await stack.calls()

    mine = (await stack.send("POST", PATH, key=key, body={"email": found})).json
    other = (await stack.send("POST", PATH, body={"email": found})).json

    assert await stack.calls() == calls
    assert mine["evidence"][-1]["check"] == "hunter"
    assert (mine["verdict"], mine["evidence"][-1]["result"]) == ("deliverable", "yes")
    assert mine["evidence"][:-1] == other["evidence"]
    assert (other["verdict"], other["reason"]) == ("unknown", "probe_off")
