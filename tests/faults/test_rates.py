"""A vendor's rate is kept by every request, and a vendor that finds us too fast is not given up."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack import ENRICH, Stack, running

EXPAND = f"{ENRICH}?expand=attempts"
PATIENT = {"PROVIDERS__HUNTER__TIMEOUT": "60", "WATERFALL__DEADLINE__EMAIL": "55"}
SLOWLY = {"PROVIDERS__HUNTER__TIMEOUT": "60", "PROVIDERS__HUNTER__RATE": "0.5"}


@pytest.fixture
def lone(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, where the vendor that may have to be asked again is the first."""
    overlay = {"WATERFALL__ORDER__EMAIL": "hunter,leadmagic", **request.param}
    with running(tmp_path_factory.mktemp("stack"), vendors=["hunter", "leadmagic"], **overlay) as made:
        yield made


async def line(stack: Stack, **who: str) -> tuple[Any, ...]:
    """What came of the first vendor, and how often it has been asked by then."""
    attempt = (await stack.enrich("email", path=EXPAND, **who)).json["attempts"][0]
    return attempt["outcome"], attempt["reason"], (await stack.calls())["hunter"]["email"]


@pytest.mark.parametrize("lone", [SLOWLY], indirect=True)
async def test_asking_the_same_again_counts_towards_the_rate(lone: Stack) -> None:
    await lone.control("_control/variant", vendor="hunter", variant="processing")
    assert await line(lone) == ("skipped", "rate_limited_here", 1)
    ready = (await lone.send("GET", "/readyz", key="")).json
    assert ready["providers"] == {"hunter": "ok", "leadmagic": "ok"}


@pytest.mark.parametrize("lone", [PATIENT], indirect=True)
async def test_what_is_too_fast_for_a_key_that_has_worked_is_no_bad_key(lone: Stack) -> None:
    assert await line(lone) == ("found", "valid", 1)
    await lone.fault("hunter", "email", "rate_limited", count=2)
    assert await line(lone, firstname="Another") == ("failed", "rate_limited", 3)


@pytest.mark.parametrize("lone", [PATIENT], indirect=True)
async def test_a_key_that_never_worked_is_bad_after_two_refusals(lone: Stack) -> None:
    await lone.fault("hunter", "email", "rate_limited", count=2)
    assert await line(lone) == ("failed", "bad_key", 2)


async def test_a_vendor_with_one_limit_for_all_that_it_does_is_paused_for_all_of_it(stack: Stack) -> None:
    await stack.fault("pronto", "personal_email", "rate_limited")
    assert (await stack.enrich("personal_email")).status == 200
    ready = (await stack.send("GET", "/readyz", key="")).json
    assert ready["providers"]["pronto"] == {"*": "rate_limited", "personal_email": "rate_limited"}
