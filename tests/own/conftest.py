"""One world and one mail lab for the whole folder; stacks that use them, one for a module."""

from collections.abc import Iterator

import pytest

from headrace.sandbox.mail import MailLab
from headrace.sandbox.mail.mailboxes import ODD
from headrace.sandbox.world import World, build
from tests.own.labs import background_lab, settings_for
from tests.stack import Stack, running


@pytest.fixture(scope="session")
def people() -> World:
    return build(7)


@pytest.fixture(scope="session")
def lab(people: World) -> Iterator[MailLab]:
    with background_lab(people) as started:
        started.zones.mail("mailinator.com", (10, f"mx.catchall.{ODD}"))
        yield started


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory, lab: MailLab) -> Iterator[Stack]:
    """No vendor at all: only what is Headrace's own."""
    with running(
        tmp_path_factory.mktemp("stack"),
        vendors=[],
        WATERFALL__ORDER__EMAIL="headrace_finder",
        VERIFICATION__ORDER="headrace_probe",
        **settings_for(lab),
    ) as made:
        yield made
