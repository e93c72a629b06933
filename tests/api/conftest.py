"""A stack whose rate limit does not stand in the way of tests that are about something else."""

from collections.abc import Iterator

import pytest

from tests.stack import Stack, running


@pytest.fixture(scope="module")
def module_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One stack for a whole module."""
    with running(tmp_path_factory.mktemp("stack"), SERVER__RATE_LIMIT="100000") as made:
        yield made
